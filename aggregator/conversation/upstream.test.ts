import { beforeEach, describe, expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { type Line, openLine } from "../../tests/fixtures/upstream-line.ts";
import type { Ending } from "./answer.ts";
import { problemWith } from "./upstream.ts";

let line: Line;
beforeEach(() => {
  line = openLine();
});

const id = "a".repeat(64);
const ask = (limit = 10) => line.upstream.ask({ since: 5, until: 99, limit });

describe("a question", () => {
  it("is a REQ, answered with the events up to EOSE, and closed", async () => {
    const answer = ask();
    expect(line.sent).toEqual([["REQ", "pull-1", { since: 5, until: 99, limit: 10 }]]);
    const events = [signedEvent(), signedEvent({ content: "another" })];
    for (const event of events) line.say("EVENT", "pull-1", event);
    line.say("EOSE", "pull-1");
    expect(await answer).toEqual({ events, ending: { how: "eose", isComplete: false } });
    expect(line.sent.at(-1)).toEqual(["CLOSE", "pull-1"]);
    expect(line.upstream.traffic).toMatchObject({ frames: 3, unreadable: 0 });
  });

  it.each([
    [["finish"], true],
    [["more"], false],
    ["finish", false],
    [undefined, false],
  ])("[19] whose EOSE says %o knows whether these were all", async (hints, isComplete) => {
    const answer = ask();
    line.say("EOSE", "pull-1", hints);
    expect(await answer).toMatchObject({ ending: { isComplete } });
  });

  it("has an id of its own: what is left of an earlier answer is not taken for its own", async () => {
    const first = ask();
    line.say("EOSE", "pull-1");
    await first;
    const second = ask();
    line.say("EVENT", "pull-1", signedEvent());
    line.say("EOSE", "pull-1");
    line.say("NOTICE", "hello");
    line.say("AUTH", "challenge");
    line.sayText("{}");
    line.sayText("null");
    line.say("EOSE", "pull-2");
    expect(await second).toEqual({
      events: [],
      ending: { how: "eose", isComplete: false },
      notice: "hello",
    });
    expect(line.upstream.traffic).toMatchObject({ frames: 8, unreadable: 2 });
  });

  it.each<[what: string, happen: () => void, ending: Ending]>([
    [
      "is refused",
      () => line.say("CLOSED", "pull-1", "error: go away"),
      { how: "closed", reason: "error: go away" },
    ],
    ["is refused without a reason", () => line.say("CLOSED", "pull-1"), { how: "closed", reason: "" }],
    ["loses its connection", () => line.end("1006"), { how: "disconnected", reason: "1006" }],
    [
      "is answered beyond what it asked for",
      () => {
        for (let n = 0; n < 10; n += 1) line.say("EVENT", "pull-1", { id, created_at: 9 - n });
      },
      { how: "full" },
    ],
  ])("that %s has what came before, and how it ended", async (_, happen, ending) => {
    const answer = ask();
    const event = signedEvent();
    line.say("EVENT", "pull-1", event);
    happen();
    expect((await answer).ending).toEqual(ending);
    expect((await answer).events[0]).toEqual(event);
  });

  it("ignores frames that it cannot read, and counts them", async () => {
    const answer = ask();
    for (const frame of [new ArrayBuffer(3), "hello", "", "{}", "null", '["EVENT","pull-1",'])
      line.sayText(frame);
    line.say("EVENT", "pull-1", { id, created_at: 9 });
    line.say("EOSE", "pull-1");
    expect((await answer).events).toHaveLength(1);
    expect(line.upstream.traffic).toMatchObject({ frames: 8, unreadable: 6 });
  });

  it("on a connection that has ended is answered at once", async () => {
    line.end("1001 going away");
    expect(await ask()).toEqual({ events: [], ending: { how: "disconnected", reason: "1001 going away" } });
    expect(line.sent).toEqual([]);
  });
});

describe("time", () => {
  it("in which nothing comes ends an answer after 15 s, and what came is kept", async () => {
    const answer = ask();
    line.say("EVENT", "pull-1", { id, created_at: 9 });
    await line.pass(15);
    line.say("EVENT", "pull-1", { id, created_at: 8 });
    await line.pass(16);
    expect(await answer).toEqual({
      events: [9, 8].map((created_at) => ({ id, created_at })),
      ending: { how: "silence" },
    });
  });

  it("of a slow answer is as long as the puller says", async () => {
    const answer = line.upstream.ask({ since: 5, until: 99, limit: 1000 }, 60_000);
    for (let second = 0; second < 60; second += 1) {
      line.say("EVENT", "pull-1", { id, created_at: 99 - second });
      await line.pass(1);
    }
    expect((await answer).events).toHaveLength(60);
    expect((await answer).ending).toEqual({ how: "cut", why: "time" });
    expect(line.sent.at(-1)).toEqual(["CLOSE", "pull-1"]);
  });

  it("is not given for messages that are no part of the answer", async () => {
    const answer = ask();
    line.say("EVENT", "pull-1", { id, created_at: 9 });
    for (let second = 0; second < 16; second += 1) {
      line.say("EVENT", "pull-0", { id, created_at: 9 });
      line.say("EOSE", "other");
      line.sayText("hello");
      await line.pass(1);
    }
    expect((await answer).ending).toEqual({ how: "silence" });
  });

  it("ends sooner after a NOTICE in place of an answer, whose text is the reason", async () => {
    const answer = ask();
    for (let second = 0; second < 5; second += 1) {
      line.say("NOTICE", "bad \u001b[2Jrequest");
      await line.pass(1);
    }
    const { ending } = await answer;
    expect(ending).toEqual({ how: "silence" });
    expect(problemWith(ending, line.upstream.notice)).toBe(
      "the upstream stopped answering; it says: bad [2Jrequest",
    );
  });

  it("does not matter any more once there is an answer", async () => {
    const answer = ask();
    line.say("EOSE", "pull-1");
    await answer;
    await line.pass(60);
    const next = ask();
    line.say("EOSE", "pull-2");
    expect(await next).toMatchObject({ events: [], ending: { how: "eose" } });
  });
});

describe("size", () => {
  it("of an event beyond what any relay takes: only its time is kept, so that the pages go on past it", async () => {
    const [before, after] = [signedEvent(), signedEvent({ content: "after" })];
    const answer = ask();
    line.say("EVENT", "pull-1", before);
    line.say("EVENT", "pull-1", signedEvent({ content: '"created_at":7,'.repeat(80_000), created_at: 1234 }));
    line.say("EVENT", "pull-0", signedEvent({ content: "x".repeat(1_200_000), created_at: 99 }));
    line.say("EVENT", "pull-1", after);
    line.say("EOSE", "pull-1");
    expect((await answer).events).toEqual([before, { created_at: 1234 }, after]);
  });

  it("of an event that is nested too deeply: only its time is kept", async () => {
    const answer = ask(100);
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    line.sayText(`["EVENT","pull-1",{"id":"${id}","created_at":77,"tags":${deep}}]`);
    line.sayText(`["NOTICE",${deep}]`);
    line.say("EOSE", "pull-1");
    expect((await answer).events).toEqual([{ created_at: 77 }]);
  });

  it("of what has no id, and could not be stored: none of it is kept but its time", async () => {
    const answer = ask(100);
    const nested = Array.from({ length: 1000 }, () => []);
    for (const event of [nested, "text", null, 7, { id: "x", tags: nested }, { created_at: "soon" }]) {
      line.say("EVENT", "pull-1", event);
    }
    line.say("EVENT", "pull-1", { id: nested, created_at: 5, tags: nested });
    line.say("EVENT", "pull-1", { id, tags: "kept as it is" });
    line.say("EOSE", "pull-1");
    expect((await answer).events).toEqual([{ created_at: 5 }, { id, tags: "kept as it is" }]);
  });

  it("of an answer that goes on beyond what was asked for: it ends there, and is not all there was", async () => {
    const answer = ask(3);
    for (let time = 9; time > 4; time -= 1) line.say("EVENT", "pull-1", { id, created_at: time });
    line.say("EOSE", "pull-1", ["finish"]);
    expect(await answer).toMatchObject({
      events: [9, 8, 7].map((created_at) => ({ id, created_at })),
      ending: { how: "full" },
    });
  });

  it("of an answer beyond what fits in memory: it is broken off, and less can be asked for", async () => {
    const answer = ask();
    for (let n = 0; n < 5; n += 1) line.say("EVENT", "pull-1", { id, content: "x".repeat(1_000_000) });
    expect(await answer).toMatchObject({ ending: { how: "cut", why: "size" } });
    expect((await answer).events).toHaveLength(3);
    expect(line.sent.at(-1)).toEqual(["CLOSE", "pull-1"]);
    const next = ask(2);
    line.say("EOSE", "pull-2");
    expect(await next).toMatchObject({ ending: { how: "eose" } });
  });
});

it("has a bound, also for frames that nobody asked for", async () => {
  const answer = ask();
  for (let n = 0; n < 33; n += 1) line.say("EVENT", "pull-0", "x".repeat(1_000_000));
  expect(await answer).toEqual({ events: [], ending: { how: "cut", why: "size" } });
});

it("is closed once it is not needed any more", () => {
  line.upstream.close();
  expect(line.closed).toBe(1);
});
