/** Relays that pull each other, over the whole path: their hubs answer, and what comes is ingested. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bundle } from "../../aggregator/queue/bundle.ts";
import type { UpstreamSocket } from "../../aggregator/conversation/line.ts";
import { pull } from "../../aggregator/pull/pull.ts";
import { converse } from "../../aggregator/conversation/upstream.ts";
import type { Event } from "../../nostr/event.ts";
import { NEW_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { NOW } from "../fixtures/hubs.ts";
import { KeptSession } from "../fixtures/kept-session.ts";
import { AUTHORS } from "../fixtures/signed-events.ts";
import { STRANGER, strangersIdentity } from "../fixtures/strangers.ts";
import { note, openWholeRelay, post, stored, type WholeRelay } from "../fixtures/whole-relay.ts";

const [ALICE = "", BOB = ""] = AUTHORS;

interface Puller {
  whole: WholeRelay;
  cursor: typeof NEW_CURSOR;
  /** The outcomes of ingesting what it has pulled. */
  outcomes: string[];
}

let pullers: [Puller, Puller];
beforeEach(() => {
  const aPuller = () => ({
    whole: openWholeRelay({ UPSTREAM_RETENTION: "*:forever" }),
    cursor: NEW_CURSOR,
    outcomes: [],
  });
  pullers = [aPuller(), aPuller()];
});
afterEach(() => {
  for (const { whole } of pullers) whole.close();
});

/** Connects to a hub as an upstream. */
function socketOf({ relay }: WholeRelay): UpstreamSocket {
  const hub = relay.hub("one");
  let hear: (frame: unknown) => void = () => undefined;
  const session = hub.open(
    { send: (frame) => hear(frame), close: () => undefined },
    new KeptSession(),
    strangersIdentity(),
    [],
  );
  return {
    send: (frame) => void hub.receive(session, frame),
    close: () => undefined,
    listen: (onFrame) => (hear = onFrame),
  };
}

/** Pulls from an upstream and ingests what came. Returns how many events were queued. */
async function pullFrom(
  puller: Puller,
  upstream: UpstreamSocket,
  speaksNegentropy: boolean,
): Promise<number> {
  const { relay } = puller.whole;
  const queue: Bundle[] = [];
  const result = await pull(
    { url: "wss://upstream.example/", filters: [{}], cursor: puller.cursor, history: Infinity },
    {
      connect: async () => converse(upstream),
      announced: async () => ({ maxLimit: 20, speaksNegentropy }),
      unneeded: async (ids) => ({ stored: await relay.store.known(ids), refused: new Set() }),
      hasRoom: () => true,
      queued: { has: () => false, add: () => undefined },
      enqueue: async (bundles) => void queue.push(...bundles),
      ingestLarge: () => Promise.reject(new Error("no event is that large")),
      longest: 200_000,
      farthest: 900,
      isOutdated: () => false,
      now: () => NOW,
      milliseconds: () => NOW * 1000,
      pause: async () => undefined,
      metrics: relay.metrics,
      tracer: noTracer,
    },
  );
  expect(result.problem).toBeUndefined();
  puller.cursor = result.cursor;
  const events = queue.flatMap((bundle) => bundle.events);
  for (const event of events) puller.outcomes.push((await puller.whole.queueIngest()(event, STRANGER)).kind);
  return events.length;
}

describe.each([
  ["without NIP-77", false],
  ["with NIP-77", true],
])("two relays that pull each other %s", (_, speaksNegentropy) => {
  it("come to rest: each event crosses once", async () => {
    const [one, other] = pullers;
    const own = [ALICE, BOB].map((pubkey) =>
      Array.from({ length: 50 }, (_, n) => note(pubkey, { created_at: NOW - 100 - 7 * n })),
    ) as [Event[], Event[]];
    const common = note(ALICE, { created_at: NOW - 50 });
    for (const [at, { whole }] of pullers.entries())
      for (const event of [...own[at]!, common]) expect(await post(whole, event)).toBe(201);
    const queued: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      queued.push(await pullFrom(one, socketOf(other.whole), speaksNegentropy));
      queued.push(await pullFrom(other, socketOf(one.whole), speaksNegentropy));
    }
    expect(queued).toEqual([50, 50, 0, 0, 0, 0]);
    const all = [...own.flat(), common].map(({ id }) => id).toSorted();
    for (const { whole, outcomes } of pullers) {
      expect((await stored(whole)).toSorted()).toEqual(all);
      expect(outcomes).toEqual(Array.from({ length: 50 }, () => "stored"));
    }
  });
});

it("nothing is stored that does not verify, whatever an upstream sends", async () => {
  const [puller] = pullers;
  const [good, another] = [note(ALICE, { created_at: NOW - 5 }), note(ALICE, { created_at: NOW - 6 })];
  const forged: unknown[] = [
    { ...another, content: "changed" },
    { ...another, id: "0".repeat(64) },
    { ...another, sig: good.sig },
    { ...another, pubkey: BOB },
    { ...another, id: "1".repeat(64), tags: "none" },
    { id: "2".repeat(64), created_at: NOW - 7 },
  ];
  let hear: (frame: unknown) => void = () => undefined;
  const say = (...message: unknown[]) => hear(JSON.stringify(message));
  const upstream: UpstreamSocket = {
    send(frame) {
      const [verb, id] = JSON.parse(frame) as string[];
      if (verb !== "REQ") return;
      for (const event of [...forged, good]) say("EVENT", id, event);
      say("EOSE", id, ["finish"]);
    },
    close: () => undefined,
    listen: (onFrame) => (hear = onFrame),
  };
  await pullFrom(puller, upstream, false);
  expect(await stored(puller.whole)).toEqual([good.id]);
  expect(puller.outcomes.filter((kind) => kind === "stored")).toHaveLength(1);
});
