import { beforeEach, describe, expect, it } from "vitest";
import { MOST_OF_REQUEST, MOST_SPANS, SpanSender } from "./span-sender.ts";

let now: number;
let posted: string[][];
let answers: (number | Error)[];
let dropped: number[];
let reported: string[];
let sender: SpanSender;
beforeEach(() => {
  now = 0;
  [posted, answers, dropped, reported] = [[], [], [], []];
  sender = new SpanSender({
    async post(spans) {
      posted.push(spans);
      const answer = answers.shift() ?? 202;
      if (typeof answer === "number") return answer;
      throw answer;
    },
    dropped: (spans) => void dropped.push(spans),
    report: (error) => void reported.push(String(error)),
    now: () => now,
  });
});

async function send(...spans: string[]): Promise<void> {
  for (const span of spans) sender.add(span);
  await sender.flush();
}

it("sends what waits, once", async () => {
  await send("one", "two");
  await send();
  await send("three");
  expect(posted).toEqual([["one", "two"], ["three"]]);
});

it("sends many spans in several requests", async () => {
  await send(...Array.from({ length: MOST_OF_REQUEST + 1 }, (_, n) => String(n)));
  expect(posted.map((spans) => spans.length)).toEqual([MOST_OF_REQUEST, 1]);
});

describe("a collector that", () => {
  it.each([
    ["is away", new Error("connection refused")],
    ["is overloaded", 503],
    ["wants less", 429],
  ])("%s is asked again after longer and longer pauses, and reported once", async (_, answer) => {
    answers = [answer, answer, answer];
    await send("one");
    const asked: number[] = [];
    for (now = 100; posted.length < 4; now += 100) {
      const before = posted.length;
      await send();
      if (posted.length > before) asked.push(now);
    }
    expect(asked).toEqual([1000, 3000, 7000]);
    expect(reported).toHaveLength(1);
    expect([posted.at(-1), sender.size, dropped]).toEqual([["one"], 0, []]);
    answers = [answer];
    await send("two");
    expect(reported).toHaveLength(2);
  });

  it("is away is asked at least once a minute", async () => {
    answers = Array.from({ length: 50 }, () => new Error("connection refused"));
    await send("one");
    for (let minute = 0; minute < 20; minute += 1) {
      const before = posted.length;
      now += 60_000;
      await send();
      expect(posted.length).toBe(before + 1);
    }
  });

  it("takes only a part gets the rest later, before what is newer", async () => {
    answers = [202, 503];
    const spans = Array.from({ length: MOST_OF_REQUEST + 1 }, (_, n) => String(n));
    await send(...spans);
    now = 1000;
    await send("new");
    expect(posted.at(-1)).toEqual([String(MOST_OF_REQUEST), "new"]);
  });

  it("refuses spans for good is not sent them again", async () => {
    answers = [400];
    await send("one", "two");
    await send("three");
    expect(posted).toEqual([["one", "two"], ["three"]]);
    expect(dropped).toEqual([2]);
    expect(reported).toEqual(["Error: the trace collector refused 2 spans with 400"]);
  });

  it("takes nothing for long costs no memory: the oldest spans are dropped, and counted", async () => {
    answers = [503];
    for (let n = 0; n < MOST_SPANS + 3; n += 1) sender.add(String(n));
    await sender.flush();
    sender.add("new");
    expect(sender.size).toBe(MOST_SPANS);
    expect(dropped).toEqual([1, 1, 1, 1]);
    now = 1000;
    await sender.flush();
    expect(posted[1]?.[0]).toBe("4");
  });
});
