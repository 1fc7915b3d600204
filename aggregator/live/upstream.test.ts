import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { NEW_LIVE_HEALTH } from "../../store/upstreams/live-health.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { type LiveSocket, liveSocket } from "../../tests/fixtures/live-socket.ts";
import { LIVE_WAIT } from "../../tests/fixtures/recorded.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { settle } from "../../tests/fixtures/upstream-line.ts";
import { LiveIntake, type LiveIntakeDeps } from "./intake.ts";
import { type LiveOrder, LiveUpstream, type LiveWait, ORDER_SECONDS } from "./upstream.ts";
import { noTracer } from "../../telemetry/tracing.ts";

const url = "wss://relay.example";
const order: LiveOrder = { version: 1, url, filters: [{}], health: NEW_LIVE_HEALTH };

let now: number;
let wakeAt: number;
let sockets: LiveSocket[];
let stored: string[];
/** Each pending attempt to connect. */
let attempts: { open(): Promise<void>; fail(): Promise<void> }[];
let upstream: LiveUpstream;
let kept: LiveWait | undefined;
let intakeOptions: Pick<LiveIntakeDeps, "url" | "lost" | "refused">;
beforeEach(() => {
  [now, wakeAt, sockets, stored, attempts] = [1_700_000_000, Infinity, [], [], []];
  kept = undefined;
  upstream = anUpstream();
});

function anUpstream(random = 1) {
  return new LiveUpstream({
    connect: () =>
      new Promise((resolve, reject) => {
        attempts.push({
          async open() {
            sockets.push(liveSocket());
            resolve(sockets.at(-1)!.socket);
            await settle();
          },
          async fail() {
            reject(new Error("cannot connect: \u001b[2Jrefused"));
            await settle();
          },
        });
      }),
    createIntake(options) {
      intakeOptions = options;
      return new LiveIntake({
        ...options,
        longest: 100_000,
        isOutdated: ({ created_at }) => created_at < 100,
        ingest: async () => ({ kind: "passed-on" }),
        sender: { keys: new Set(), addresses: [] },
        consume: async (messages) => {
          for (const { body } of messages)
            stored.push(...(body as { events: { id: string }[] }).events.map(({ id }) => id));
        },
        enqueue: async () => undefined,
        report: (error) => expect.fail(String(error)),
      });
    },
    kept: () => kept,
    keep: (wait) => (kept = structuredClone(wait)),
    signerFor: () => undefined,
    wakeAt: (time) => (wakeAt = time),
    background: (work) => void work,
    now: () => now,
    random: () => random,
    metrics: noMetrics,
    tracer: noTracer,
  });
}

/** Lets time pass until the alarm. */
function wake() {
  now = wakeAt;
  wakeAt = Infinity;
  upstream.goOn();
}

const open = () => attempts.at(-1)!.open();

describe("an order", () => {
  it("connects once, and further ones leave the connection as it is", async () => {
    upstream.follow(order);
    upstream.follow(order);
    await open();
    const at = now;
    now += 60;
    expect(upstream.follow(order)).toEqual({ ...NEW_LIVE_HEALTH, connectedSince: at });
    expect([attempts.length, sockets[0]!.closed]).toEqual([1, 0]);
  });

  it("with other filters connects again, which is no drop", async () => {
    upstream.follow(order);
    await open();
    upstream.follow({ ...order, filters: [{ kinds: [1] }] });
    await open();
    expect(sockets.map(({ closed }) => closed)).toEqual([1, 0]);
    expect(sockets[1]!.sent).toEqual([["REQ", "live-1", { kinds: [1], limit: 100 }]]);
    expect(upstream.follow({ ...order, filters: [{ kinds: [1] }] }).drops).toBe(0);
  });

  it("that is not renewed ends the connection", async () => {
    upstream.follow(order);
    await open();
    expect(wakeAt).toBe(now + ORDER_SECONDS);
    wake();
    expect([sockets[0]!.closed, wakeAt]).toEqual([1, Infinity]);
    expect(upstream.follow(order)).not.toHaveProperty("connectedSince");
    expect(attempts).toHaveLength(2);
  });

  it("that ends before the connection is open closes it", async () => {
    upstream.follow(order);
    wake();
    await open();
    expect([sockets[0]!.closed, sockets[0]!.sent]).toEqual([1, []]);
  });

  it("continues the health that is stored, without the connection of before", async () => {
    const health = { ...NEW_LIVE_HEALTH, drops: 7, connectedSince: 5, lastEvent: 6 };
    expect(upstream.follow({ ...order, health })).toEqual({ ...NEW_LIVE_HEALTH, drops: 7, lastEvent: 6 });
  });
});

describe("a drop", () => {
  it("is told, and the alarm connects again", async () => {
    upstream.follow(order);
    await open();
    now += 1000;
    sockets[0]!.end("1006");
    expect(upstream.follow(order)).toEqual({
      ...NEW_LIVE_HEALTH,
      drops: 1,
      lastDrop: { at: now, reason: "the connection ended: 1006" },
    });
    expect(wakeAt).toBe(now + 2);
    wake();
    await open();
    sockets[1]!.say("EVENT", "live-1", signedEvent());
    await settle();
    expect(stored).toEqual([signedEvent().id]);
  });

  it("after drop doubles the wait, up to five minutes, and a connection that lasted resets it", async () => {
    const waits: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      upstream.follow(order);
      await attempts.at(-1)!.fail();
      const before = now;
      do {
        wake();
        upstream.follow(order);
      } while (attempts.length === n + 1);
      waits.push(now - before);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
    await open();
    now += 300;
    upstream.follow(order);
    sockets[0]!.end("1001");
    expect(wakeAt).toBe(now + 2);
  });

  it("is not forgotten if the object is evicted while it waits, and the alarm still connects again", async () => {
    upstream.follow(order);
    for (let n = 0; n < 3; n += 1) {
      await attempts.at(-1)!.fail();
      const at = wakeAt;
      expect(at - now).toBe(2 ** (n + 1));
      upstream = anUpstream();
      wake();
    }
    await open();
    expect(upstream.follow(order)).toMatchObject({
      drops: 3,
      connectedSince: now,
      lastDrop: { at: now - 8 },
    });
  });

  it("that an earlier deployment kept is read, and one of a later version is dropped", () => {
    for (const version of [1, 2]) {
      [kept, now, attempts] = [
        { ...(JSON.parse(LIVE_WAIT) as LiveWait), version: version as 1 },
        1_700_000_004,
        [],
      ];
      upstream = anUpstream();
      upstream.goOn();
      expect(attempts).toHaveLength(version === 1 ? 1 : 0);
    }
  });

  it("that Cron has stored since counts more than what an evicted object had kept", async () => {
    upstream.follow(order);
    await attempts[0]!.fail();
    upstream = anUpstream();
    const health = { ...NEW_LIVE_HEALTH, drops: 1, events: 9 };
    expect(upstream.follow({ ...order, health })).toEqual(health);
  });

  it("has a reason that can be printed", async () => {
    upstream.follow(order);
    await attempts[0]!.fail();
    expect(upstream.follow(order).lastDrop?.reason).toBe("cannot connect: [2Jrefused");
  });

  it("comes early by chance, so that not all connect again at the same time", async () => {
    upstream = anUpstream(0);
    upstream.follow(order);
    await attempts[0]!.fail();
    expect(wakeAt).toBe(now + 1);
  });

  it("ends a connection whose events cannot be stored", async () => {
    upstream.follow(order);
    await open();
    intakeOptions.lost("events come faster than they can be stored");
    expect(sockets[0]!.closed).toBe(1);
    expect(upstream.follow(order).lastDrop?.reason).toBe("events come faster than they can be stored");
  });
});

it("[7] an ephemeral event that an upstream sends with each connection is delivered once, whatever happens", async () => {
  const request = signedEvent({ kind: 24_133, created_at: now });
  const happening = fc.constantFrom("order", "wake", "open", "fail", "send", "eose", "end", "minute");
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 60 }), async (happenings) => {
      [now, wakeAt, sockets, attempts, kept] = [1_700_000_000, Infinity, [], [], undefined];
      upstream = anUpstream();
      for (const what of happenings) {
        const socket = sockets.at(-1);
        if (what === "order") upstream.follow(order);
        if (what === "wake" && wakeAt < Infinity) wake();
        if (what === "open") await attempts.pop()?.open();
        if (what === "fail") await attempts.pop()?.fail();
        if (what === "send") socket?.say("EVENT", "live-1", request);
        if (what === "eose") socket?.say("EOSE", "live-1");
        if (what === "end") socket?.end("1006");
        if (what === "minute") now += 60;
        expect(sockets.filter(({ closed }) => closed === 0).length).toBeLessThanOrEqual(1);
      }
      expect(upstream.follow(order).events).toBeLessThanOrEqual(1);
    }),
  );
});
