import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeptSession } from "../../tests/fixtures/kept-session.ts";
import { NOW, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { manage } from "../../tests/fixtures/management.ts";
import { PUBKEY, SECRET_HEX } from "../../tests/fixtures/author.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import { openWholeRelay } from "../../tests/fixtures/whole-relay.ts";
import type { ProbeSocket } from "./probe-line.ts";
import { LIFE_SECONDS, probe, type ProbeDeps, TRIES } from "./probe.ts";

const ADDRESS = "ws://localhost:8787/";

let relay: Relay;
beforeEach(() => (relay = openRelay()));
afterEach(() => relay.close());

/** Connects as the platform does. `change` changes what the relay sends; undefined: it is lost. */
function socketOf(of: Relay, change = (frame: string): string | undefined => frame): ProbeSocket {
  // As on the platform, what comes before somebody listens waits.
  const early: string[] = [];
  let receive: (frame: string) => void = (frame) => void early.push(frame);
  let end: (reason: string) => void = () => undefined;
  const hub = of.hub("probed");
  const session = hub.welcome(
    {
      send(frame) {
        const changed = change(frame);
        if (changed !== undefined) receive(changed);
      },
      close: (code, reason) => end(`${code} ${reason}`),
    },
    new KeptSession(),
    { ...strangersIdentity(), isChallenged: false },
  );
  return {
    send: (frame) => void hub.receive(session, frame),
    close: () => hub.close(session),
    listen(onFrame, onEnd) {
      [receive, end] = [onFrame, onEnd];
      for (const frame of early) onFrame(frame);
    },
  };
}

interface Clock {
  milliseconds: number;
  pauses: number[];
  /** Set while something is waited for with a time limit. Ends it. */
  tooLate: () => void;
}

function newClock(): Clock {
  return { milliseconds: 0, pauses: [], tooLate: () => undefined };
}

/** Pauses take no time. A time limit is reached when `tooLate` is called. */
function depsOf(connect: ProbeDeps["connect"], clock = newClock()): ProbeDeps {
  return {
    connect,
    secret: SECRET_HEX,
    address: ADDRESS,
    now: () => NOW,
    milliseconds: () => clock.milliseconds,
    async wait(milliseconds, signal) {
      clock.pauses.push(milliseconds);
      if (signal)
        await new Promise<void>((resolve, reject) => {
          clock.tooLate = resolve;
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      clock.milliseconds += milliseconds;
    },
  };
}

describe("a relay that works", () => {
  it("is found to work", async () => {
    expect(await probe(depsOf(async () => socketOf(relay)))).toEqual({ outcome: "ok", milliseconds: 0 });
    expect(relay.reported).toEqual([]);
  });

  it("has the event for minutes, and shows neither to anyone else", async () => {
    const stranger = relay.hub("other");
    const frames: string[] = [];
    const session = stranger.open(
      { send: (frame) => void frames.push(frame), close: () => undefined },
      new KeptSession(),
      strangersIdentity(),
      [],
    );
    await stranger.receive(session, JSON.stringify(["REQ", "all", {}]));
    await probe(depsOf(async () => socketOf(relay)));
    await relay.settled();
    await stranger.receive(session, JSON.stringify(["REQ", "again", {}]));
    expect(frames).toEqual(['["EOSE","all"]', '["EOSE","again"]']);
    expect((await relay.store.log(0, 10)).events).toMatchObject([
      { json: expect.stringContaining(`"pubkey":"${PUBKEY}","created_at":${NOW},"kind":1059`) },
    ]);
    expect(await relay.store.removeExpired(NOW + LIFE_SECONDS - 1, 10)).toMatchObject({ removed: 0 });
    expect(await relay.store.removeExpired(NOW + LIFE_SECONDS, 10)).toMatchObject({ removed: 1 });
  });

  it("may have been restarted just now", async () => {
    const clock = newClock();
    let connections = 0;
    const connect = async () => {
      connections += 1;
      if (connections < TRIES) throw new Error("503 all hubs are full");
      return socketOf(relay);
    };
    expect(await probe(depsOf(connect, clock))).toMatchObject({ outcome: "ok" });
    expect(connections).toBe(TRIES);
    expect(clock.pauses.filter((pause) => pause === 20_000)).toHaveLength(TRIES - 1);
  });
});

describe("what the settings refuse is no failure", () => {
  it.each([
    [{ MIN_POW_DIFFICULTY: "30" }, /pow:/],
    [{ WRITE_ACCESS: "allow" }, /an event was refused: restricted:/],
    [{ READ_ACCESS: "allow" }, /a REQ was refused: restricted:/],
    [{ MAX_EVENT_TAGS: "1" }, /an event was refused/],
  ])("%j", async (settings, problem) => {
    const strict = openRelay(settings as Record<string, string>);
    const result = await probe(depsOf(async () => socketOf(strict)));
    expect(result).toMatchObject({ outcome: "refused", problem: expect.stringMatching(problem) });
    strict.close();
  });

  it.each([{ WRITE_ACCESS: "auth" }, { READ_ACCESS: "auth" }, { AUTH_CHALLENGE: "connect" }])(
    "and %j refuses nothing",
    async (settings) => {
      const strict = openRelay(settings as unknown as Record<string, string>);
      expect(await probe(depsOf(async () => socketOf(strict)))).toMatchObject({ outcome: "ok" });
      strict.close();
    },
  );

  it("a banned kind, a full database", async () => {
    const whole = openWholeRelay();
    expect((await manage(whole.api, "disallowkind", 1059)).result).toBe(true);
    expect(await probe(depsOf(async () => socketOf(whole.relay)))).toMatchObject({
      outcome: "refused",
      problem: expect.stringContaining("blocked:"),
    });
    whole.close();
    Object.defineProperty(relay.size, "level", { value: "full" });
    expect(await probe(depsOf(async () => socketOf(relay)))).toMatchObject({
      outcome: "refused",
      problem: expect.stringContaining("full"),
    });
  });
});

describe("a relay that does not work", () => {
  const lost = (verb: string, clock: Clock) => (frame: string) => {
    if (!frame.startsWith(`["${verb}"`)) return frame;
    // Later, so that everything else has come.
    setTimeout(() => clock.tooLate(), 50);
    return undefined;
  };

  it.each([
    ["OK", "no OK to an AUTH within 15 s"],
    ["EOSE", "no EOSE within 15 s"],
    ["AUTH", "no AUTH within 15 s"],
    ["EVENT", "no delivery of a live event within 15 s"],
  ])("sends no %s", async (verb, problem) => {
    const clock = newClock();
    const result = await probe(depsOf(async () => socketOf(relay, lost(verb, clock)), clock));
    expect(result).toEqual({ outcome: "failed", milliseconds: 15_000, problem });
  });

  it("loses its database", async () => {
    relay.close();
    const result = await probe(depsOf(async () => socketOf(relay)));
    expect(result).toMatchObject({ outcome: "failed", problem: expect.stringContaining("error:") });
    relay = openRelay();
  });

  it("stores an event and does not find it", async () => {
    const isWrap = (frame: string) => frame.startsWith('["EVENT","stored"');
    const connect = async () => socketOf(relay, (frame) => (isWrap(frame) ? undefined : frame));
    expect(await probe(depsOf(connect))).toMatchObject({
      outcome: "failed",
      problem: "an event that was stored is not found",
    });
  });

  it("does not accept its own address", async () => {
    const result = await probe({ ...depsOf(async () => socketOf(relay)), address: "wss://another.example" });
    expect(result).toMatchObject({ outcome: "failed", problem: expect.stringContaining("not this relay") });
  });

  it("closes the connection", async () => {
    const connect = async (): Promise<ProbeSocket> => ({
      send: () => undefined,
      close: () => undefined,
      listen: (_, onEnd) => onEnd("1012 the relay was restarted"),
    });
    expect(await probe(depsOf(connect))).toMatchObject({
      outcome: "failed",
      problem: "the relay closed the connection: 1012 the relay was restarted",
    });
  });
});
