/** A relay whose database fills up: what stops, what goes on, what it says, and how it recovers. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Bundle } from "../../aggregator/queue/bundle.ts";
import { consume, NO_ROOM_DELAY } from "../../aggregator/queue/consume.ts";
import type { DeadLetter } from "../../store/letters/letter-row.ts";
import { NEW_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { pull } from "../../aggregator/pull/pull.ts";
import type { Event } from "../../nostr/event.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { fakeUpstream } from "../fixtures/fake-upstream.ts";
import { type Client, connect, NOW } from "../fixtures/hubs.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { STRANGER } from "../fixtures/strangers.ts";
import { note, openWholeRelay, post, publish, type WholeRelay } from "../fixtures/whole-relay.ts";

const [ALICE = ""] = AUTHORS;
const LIMIT = 2_000_000;
/** Not searched, so that the size is that of the events. */
const KIND = 1000;
const text = (bytes: number) => "x".repeat(bytes);

let whole: WholeRelay;
let client: Client;
let upstream: Event[];
let waiting: Bundle[];
let cursor = NEW_CURSOR;
let dead: DeadLetter[];
beforeEach(() => {
  whole = openWholeRelay({ MAX_STORE_BYTES: String(LIMIT) });
  client = connect(whole.relay.hub("one"));
  [waiting, dead, cursor] = [[], [], NEW_CURSOR];
  upstream = Array.from({ length: 50 }, (_, n) => large({ created_at: NOW - 1000 - n }));
});
afterEach(() => whole.close());

it("keeps the last tenth for its own clients, says so, loses nothing, and goes on when there is room", async () => {
  expect(await pullAll()).toBeUndefined();
  expect(await deliver()).toContain(NO_ROOM_DELAY);
  const pulled = await storedOf(upstream);
  expect(pulled.length).toBeGreaterThan(30);
  expect(pulled.length).toBeLessThan(upstream.length);

  // Upstreams stop.
  const late = large({ created_at: NOW - 10 });
  upstream.push(late);
  expect(await pullAll()).toBe("the database has no room for events of upstreams");
  expect(await health()).toMatchObject({ level: "reserved", percent: expect.toSatisfy(isFrom(90, 98)) });

  // Clients write, until it is full.
  expect(await publish(client, own())).toBe("");
  expect(await post(whole, own())).toBe(201);
  const answers: string[] = [];
  while (answers.at(-1) !== FULL) {
    answers.push(await publish(client, own()));
    expect(answers.length).toBeLessThan(30);
  }
  expect(answers.slice(0, -1).every((answer) => answer === "")).toBe(true);
  const refused = own();
  expect(await post(whole, refused)).toBe(503);
  expect(await health()).toMatchObject({ level: "full" });
  const metrics = await (await whole.api.request("/metrics")).text();
  expect(Number(/^d1_size_bytes (\d+)$/m.exec(metrics)?.[1])).toSatisfy(isFrom(0.98 * LIMIT, LIMIT));
  expect(metrics).toContain(`\nd1_size_limit_bytes ${LIMIT}\n`);

  // A deletion makes room.
  const tags = pulled.slice(0, 22).map((id) => ["e", id]);
  expect(await publish(client, note(ALICE, { kind: 5, tags, created_at: NOW }))).toBe("");
  expect(await health()).toMatchObject({ level: "ok" });
  expect(await publish(client, refused)).toBe("");
  expect(await deliver()).toEqual([]);
  expect(await pullAll()).toBeUndefined();
  expect(await deliver()).toEqual([]);
  expect(new Set(await storedOf(upstream))).toEqual(
    new Set(upstream.map(({ id }) => id).filter((id) => !pulled.slice(0, 22).includes(id))),
  );
  expect(dead).toEqual([]);
});

const FULL = "error: the relay's database is full, and its operator has to make room";

const isFrom = (least: number, most: number) => (value: number) => value >= least && value <= most;

function large(draft: Partial<Event>): Event {
  return signedEvent({ pubkey: ALICE, kind: KIND, content: `${draft.created_at} ${text(45_000)}`, ...draft });
}

let count = 0;
const own = () => large({ created_at: NOW, content: `own ${(count += 1)} ${text(15_000)}` });

async function storedOf(events: Event[]): Promise<string[]> {
  return [...(await whole.relay.store.known(events.map(({ id }) => id)))];
}

async function health(): Promise<unknown> {
  const response = await whole.api.request("/health/ready");
  return ((await response.json()) as { store: unknown }).store;
}

/** One pull. Returns why it failed. */
async function pullAll(): Promise<string | undefined> {
  const { store, size, metrics } = whole.relay;
  const result = await pull(
    { url: "wss://upstream.example/", filters: [{}], cursor, history: Infinity },
    {
      connect: async () => fakeUpstream(upstream, { most: 20 }),
      announced: async () => ({ maxLimit: 20, speaksNegentropy: false }),
      unneeded: async (ids) => ({ stored: await store.known(ids), refused: new Set() }),
      hasRoom: () => size.hasRoomForUpstreams,
      queued: { has: () => false, add: () => undefined },
      enqueue: async (bundles) => void waiting.push(...bundles),
      ingestLarge: () => Promise.reject(new Error("no event is that large")),
      longest: 200_000,
      farthest: 900,
      isOutdated: () => false,
      now: () => NOW,
      milliseconds: () => 0,
      pause: async () => undefined,
      metrics,
      tracer: noTracer,
    },
  );
  cursor = result.cursor;
  return result.problem;
}

/** Delivers what waits in the queue, one bundle after the other. Returns the delays of those that have to wait again. */
async function deliver(): Promise<number[]> {
  const { store, size, metrics } = whole.relay;
  const delays: number[] = [];
  for (const body of waiting.splice(0)) {
    const message = {
      body,
      attempts: 1,
      ack: () => undefined,
      retry({ delaySeconds }: { delaySeconds: number }): void {
        waiting.push(body);
        delays.push(delaySeconds);
      },
    };
    await consume([message], {
      ingest: whole.queueIngest(),
      sender: STRANGER,
      unneeded: async (_, ids) => ({ stored: await store.known(ids), refused: new Set(), rules: "" }),
      remember: async () => undefined,
      hasRoom: () => size.hasRoomForUpstreams,
      deadLetter: async (letters) => void dead.push(...letters),
      farthest: 900,
      now: () => NOW,
      report(error: unknown): void {
        throw error;
      },
      metrics,
      tracer: noTracer,
    });
  }
  return delays;
}
