import { beforeEach, describe, expect, it } from "vitest";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { converse, type Upstream } from "./upstream.ts";

/** The other end of the socket, and a clock for its silence. */
interface Line {
  upstream: Upstream;
  sent: unknown[][];
  closed: number;
  say(...message: unknown[]): void;
  sayText(frame: unknown): void;
  end(reason: string): void;
  /** Lets time pass in which nothing is sent. */
  pass(milliseconds: number): Promise<void>;
}

let line: Line;
beforeEach(() => {
  const watches: { milliseconds: number; controller: AbortController }[] = [];
  const sent: unknown[][] = [];
  let onFrame: (frame: unknown) => void = () => undefined;
  let onEnd: (reason: string) => void = () => undefined;
  const upstream = converse(
    {
      send: (frame) => void sent.push(JSON.parse(frame) as unknown[]),
      close: () => void (line.closed += 1),
      listen: (frame, end) => ([onFrame, onEnd] = [frame, end]),
    },
    (milliseconds) => {
      const controller = new AbortController();
      watches.push({ milliseconds, controller });
      return controller.signal;
    },
  );
  line = {
    upstream,
    sent,
    closed: 0,
    say: (...message) => onFrame(JSON.stringify(message)),
    sayText: (frame) => onFrame(frame),
    end: (reason) => onEnd(reason),
    async pass(passed) {
      for (const watch of watches) {
        watch.milliseconds -= passed;
        if (watch.milliseconds <= 0) watch.controller.abort();
      }
      for (let n = 0; n < 10; n += 1) await Promise.resolve();
    },
  };
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
    expect(await answer).toEqual({ events, isComplete: false, isTooLarge: false, frames: 3 });
    expect(line.sent.at(-1)).toEqual(["CLOSE", "pull-1"]);
  });

  it.each([
    [["finish"], true],
    [["more"], false],
    ["finish", false],
    [undefined, false],
  ])("[19] whose EOSE says %o knows whether these were all", async (hints, isComplete) => {
    const answer = ask();
    line.say("EOSE", "pull-1", hints);
    expect(await answer).toMatchObject({ isComplete });
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
    expect(await second).toMatchObject({ events: [], frames: 7 });
  });

  it.each<[what: string, happen: () => void, message: RegExp]>([
    ["is refused", () => line.say("CLOSED", "pull-1", "auth-required: log in"), /auth-required: log in/],
    ["loses its connection", () => line.end("1006"), /the connection ended: 1006/],
    ["is answered with what is no JSON", () => line.sayText("hello"), /JSON/],
    ["is answered in binary", () => line.sayText(new ArrayBuffer(3)), /binary/],
  ])("that %s fails and says why", async (_, happen, message) => {
    const answer = ask();
    line.say("EVENT", "pull-1", signedEvent());
    happen();
    await expect(answer).rejects.toThrow(message);
  });

  it("on a connection that has ended fails at once", async () => {
    line.end("1001 going away");
    await expect(ask()).rejects.toThrow("1001 going away");
    expect(line.sent).toEqual([]);
  });
});

describe("time", () => {
  it("passes without end for nobody: 15 s in which nothing comes fail the question", async () => {
    const answer = ask();
    const problem = answer.catch(String);
    line.say("EVENT", "pull-1", signedEvent());
    await line.pass(15_000);
    await line.pass(15_000);
    expect(await problem).toContain("stopped answering");
  });

  it("is given as long as something comes, but not for ever: 45 s are the most for one answer", async () => {
    const answer = ask();
    const problem = answer.catch(String);
    for (let second = 0; second < 45; second += 1) {
      line.say("NOTICE", "wait");
      await line.pass(1000);
    }
    expect(await problem).toContain("45 s");
  });

  it("does not matter any more once there is an answer", async () => {
    const answer = ask();
    line.say("EOSE", "pull-1");
    await answer;
    await line.pass(60_000);
    const next = ask();
    line.say("EOSE", "pull-2");
    expect(await next).toMatchObject({ events: [] });
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
      isComplete: false,
      isTooLarge: false,
    });
  });

  it("of an answer beyond what fits in memory: it is broken off, and less can be asked for", async () => {
    const answer = ask();
    for (let n = 0; n < 5; n += 1) line.say("EVENT", "pull-1", { id, content: "x".repeat(1_000_000) });
    expect(await answer).toMatchObject({ isTooLarge: true });
    expect(line.sent.at(-1)).toEqual(["CLOSE", "pull-1"]);
    const next = ask(2);
    line.say("EOSE", "pull-2");
    expect(await next).toMatchObject({ isTooLarge: false });
  });
});

it("is closed once it is not needed any more", () => {
  line.upstream.close();
  expect(line.closed).toBe(1);
});
