import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { verifySignature } from "../../nostr/signature.ts";
import { parseConfig } from "../../relay/config.ts";
import { createIngest } from "../../relay/ingest/create-ingest.ts";
import type { Publication } from "../../relay/live/switchboard.ts";
import type { DeadLetter } from "../../store/letters/letter-row.ts";
import { createRefusedIds } from "../../store/upstreams/refused-ids.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { unneeded } from "../../store/upstreams/unneeded.ts";
import { Counts } from "../../telemetry/counts.ts";
import { noTracer, type SpanOptions } from "../../telemetry/tracing.ts";
import { EVERYBODY_WRITES } from "../../tests/fixtures/moderation.ts";
import { QUEUED_LETTERS } from "../../tests/fixtures/recorded.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { spanAt } from "../../tests/fixtures/spans.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { STRANGER } from "../../tests/fixtures/strangers.ts";
import { consume, type ConsumeDeps, type Delivered, LAST_PATIENCE, retryDelay } from "./consume.ts";

const upstream = "wss://relay.example/";
const NOW = 1_700_000_100;

/** Returns messages as the queue delivers them, and a list that shows how each was settled. */
function messages(...bodies: unknown[]) {
  const settled: (string | undefined)[] = bodies.map(() => undefined);
  const settle = (at: number, how: string) => {
    if (settled[at] !== undefined) throw new Error(`message ${at} is settled twice`);
    settled[at] = how;
  };
  const delivered = bodies.map((body, at): Delivered => ({
    body,
    attempts: 3,
    ack: () => settle(at, "ack"),
    retry: ({ delaySeconds }) => settle(at, `retry in ${delaySeconds}`),
  }));
  return { delivered, settled };
}

function bundle(...events: unknown[]) {
  return { version: 1, upstream, events };
}

function aConsumer(change: Partial<ConsumeDeps> = {}) {
  const db = migratedSqlite();
  const store = createStore(db);
  const commits: number[] = [];
  const published: Publication[] = [];
  const deadLetters: DeadLetter[] = [];
  const reported: unknown[] = [];
  const metrics = new Counts();
  const parsed = parseConfig({});
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const ingest = createIngest({
    source: "queue",
    config: parsed.config,
    access: EVERYBODY_WRITES,
    store: {
      ...store,
      commit(events) {
        commits.push(events.length);
        return store.commit(events);
      },
    },
    verify: verifySignature,
    now: () => (change.now ?? (() => NOW))(),
    report: (error) => void reported.push(error),
    publish: async (publication) => void published.push(publication),
    pause: async () => undefined,
    metrics,
    tracer: noTracer,
  });
  const ingested: unknown[] = [];
  const deps: ConsumeDeps = {
    ingest(event, sender) {
      ingested.push(event);
      return ingest(event, sender);
    },
    sender: STRANGER,
    unneeded: (from, ids) => unneeded(db, "settings", { upstream: from, ids }),
    remember: (refused) => createRefusedIds(db, "settings").remember(refused),
    hasRoom: () => true,
    deadLetter: async (letters) => void deadLetters.push(...letters),
    farthest: 900,
    now: () => NOW,
    report: (error) => void reported.push(error),
    metrics,
    tracer: noTracer,
    ...change,
  };
  return { deps, store, ingested, commits, published, deadLetters, reported, metrics };
}

it("stores what a bundle holds, publishes it, and acknowledges it", async () => {
  const { deps, store, published, deadLetters } = aConsumer();
  const events = [0, 1, 2].map((n) => signedEvent({ content: String(n) }));
  const { delivered, settled } = messages(bundle(...events));
  await consume(delivered, deps);
  expect(settled).toEqual(["ack"]);
  expect(await store.known(events.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)));
  expect(published.flatMap((each) => each.events.map(({ event }) => event))).toEqual(events);
  expect(deadLetters).toEqual([]);
});

it("shares commits between the bundles of one batch", async () => {
  const { deps, commits } = aConsumer();
  const bodies = [0, 1, 2, 3].map((n) => bundle(signedEvent({ content: String(n) })));
  await consume(messages(...bodies).delivered, deps);
  expect(commits).toEqual([4]);
});

it("stores an event once that two upstreams bring, in one batch and later", async () => {
  const { deps, store, published, deadLetters } = aConsumer();
  const event = signedEvent();
  for (let time = 0; time < 2; time += 1) {
    const { delivered, settled } = messages(bundle(event), { ...bundle(event), upstream: "wss://other/" });
    await consume(delivered, deps);
    expect(settled).toEqual(["ack", "ack"]);
  }
  expect((await store.log(0, 10)).events).toHaveLength(1);
  expect(published).toHaveLength(1);
  expect(deadLetters).toEqual([]);
});

it("does not check the signature of what is stored", async () => {
  const event = signedEvent();
  const asked: unknown[] = [];
  const { deps, store } = aConsumer({
    ingest: async (value) => {
      asked.push(value);
      return { kind: "duplicate" };
    },
  });
  await store.commit([event]);
  await consume(messages(bundle(event)).delivered, deps);
  expect(asked).toEqual([]);
});

it("makes a dead letter of what can never be stored, with its upstream and the reason, and stores the rest", async () => {
  const { deps, store, deadLetters, metrics } = aConsumer();
  const good = signedEvent({ content: "good" });
  const forged = { ...signedEvent({ content: "forged" }), content: "other" };
  const secret = signedEvent({ content: "mine alone", tags: [["-"]] });
  const { delivered, settled } = messages(bundle(forged, good, null, "text", secret, { id: good.id }));
  await consume(delivered, deps);
  expect(settled).toEqual(["ack"]);
  expect((await store.log(0, 10)).events.map(({ id }) => id)).toEqual([good.id]);
  expect(deadLetters).toEqual([
    { upstream, attempts: 1, reason: "invalid: id is not the hash of the event", event: forged },
    { upstream, attempts: 1, reason: expect.stringMatching(/^invalid: /), event: null },
    { upstream, attempts: 1, reason: expect.stringMatching(/^invalid: /), event: "text" },
    { upstream, attempts: 1, reason: expect.stringMatching(/^auth-required: /), event: secret },
    { upstream, attempts: 1, reason: expect.stringMatching(/^invalid: /), event: { id: good.id } },
  ]);
  expect(metrics.total("events_dead_total", { source: "queue" })).toBe(5);
  expect(metrics.total("events_refused_total", { source: "queue" })).toBe(5);
});

it("judges what was refused once for each upstream, and once more if an operator asks for it", async () => {
  const { deps, deadLetters, metrics, ingested } = aConsumer();
  const forged = { ...signedEvent({ content: "forged" }), content: "other" };
  const deliver = (body: object) => consume(messages({ ...bundle(forged), ...body }).delivered, deps);
  for (const _ of "twice") await deliver({});
  await deliver({ upstream: "wss://other/" });
  expect(ingested).toHaveLength(2);
  await deliver({ attempts: 1 });
  await deliver({ attempts: 2 });
  expect(ingested).toHaveLength(4);
  expect(deadLetters.map((letter) => [letter.upstream, letter.attempts])).toEqual([
    [upstream, 1],
    ["wss://other/", 1],
    [upstream, 2],
    [upstream, 3],
  ]);
  expect(metrics.total("events_refused_total", { source: "queue" })).toBe(4);
});

it.each<[string, Partial<Event>, Partial<Event>?]>([
  ["is an older version", { kind: 0 }, { kind: 0, created_at: NOW }],
  ["is a request to vanish from another relay", { kind: 62, tags: [["relay", "wss://elsewhere/"]] }],
  ["is blocked here", { kind: 13 }],
])("what %s need not come again, and is no dead letter", async (_, fields, before) => {
  const { deps, store, deadLetters, ingested } = aConsumer();
  if (before) await store.commit([signedEvent(before)]);
  for (const _ of "twice") await consume(messages(bundle(signedEvent(fields))).delivered, deps);
  expect(ingested).toHaveLength(1);
  expect(deadLetters).toEqual([]);
});

it("what is dated too far ahead may come again when its time has come, and is no dead letter", async () => {
  let now = NOW;
  const { deps, store, deadLetters } = aConsumer({ now: () => now });
  const event = signedEvent({ created_at: NOW + 901 });
  const { delivered, settled } = messages(bundle(event));
  await consume(delivered, deps);
  expect(settled).toEqual(["ack"]);
  now += 1;
  await consume(messages(bundle(event)).delivered, deps);
  expect(await store.known([event.id])).toEqual(new Set([event.id]));
  expect(deadLetters).toEqual([]);
});

it("writes what is known even if some events of the message have to come again", async () => {
  const { deps, deadLetters } = aConsumer();
  const forged = { ...signedEvent({ content: "forged" }), content: "other" };
  const { ingest } = deps;
  deps.ingest = async (value, sender) => {
    if (value !== forged) throw new Error("D1_ERROR: Network connection lost.");
    return ingest(value, sender);
  };
  for (const _ of "twice") {
    const { delivered, settled } = messages(bundle(signedEvent(), forged));
    await consume(delivered, deps);
    expect(settled).toEqual(["retry in 8"]);
  }
  expect(deadLetters).toHaveLength(1);
});

it("reports a failure of the database once for a batch", async () => {
  const { deps, reported } = aConsumer({
    unneeded: () => Promise.reject(new Error("D1_ERROR: Network connection lost.")),
  });
  await consume(messages(bundle(), bundle(), bundle()).delivered, deps);
  expect(reported).toHaveLength(1);
});

describe("of a queue that has given up", () => {
  it("an event that makes ingest throw is dead at once", async () => {
    const event = signedEvent();
    const { deps, deadLetters } = aConsumer({ ingest: () => Promise.reject(new Error("no\nway")) });
    const { delivered, settled } = messages(bundle(event));
    await consume(delivered, deps, LAST_PATIENCE);
    expect(settled).toEqual(["ack"]);
    expect(deadLetters).toEqual([{ upstream, reason: "error: no\nway", event, attempts: 1 }]);
  });

  it.each<[string, Partial<ConsumeDeps>, string]>([
    [
      "the database is away",
      { ingest: () => Promise.reject(new Error("D1 DB is overloaded")) },
      "retry in 8",
    ],
    ["there is no room", { hasRoom: () => false }, "retry in 3600"],
  ])("all waits while %s, and after 90 attempts is dead", async (_, change, how) => {
    const { deps, store, deadLetters } = aConsumer(change);
    const [event, stored] = [signedEvent({ content: "left" }), signedEvent({ content: "stored" })];
    await store.commit([stored]);
    const first = messages(bundle(event, stored));
    await consume(first.delivered, deps, LAST_PATIENCE);
    expect(first.settled).toEqual([how]);
    const last = messages(bundle(event, stored));
    await consume(
      last.delivered.map((message) => ({ ...message, attempts: 90 })),
      deps,
      LAST_PATIENCE,
    );
    expect(last.settled).toEqual(["ack"]);
    const reason = "error: it was not stored in 90 attempts";
    expect(deadLetters).toEqual([{ upstream, reason, event, attempts: 1 }]);
  });
});

it.each([
  ["nothing", undefined],
  ["text", "hello"],
  ["a version that nobody knows", { ...bundle(), version: 9 }],
])("a message that is no bundle, but %s, is dead, and holds up nobody", async (_, body) => {
  const { deps, store, deadLetters } = aConsumer();
  const event = signedEvent();
  const { delivered, settled } = messages(body, bundle(event));
  await consume(delivered, deps);
  expect(settled).toEqual(["ack", "ack"]);
  expect(deadLetters).toEqual([
    { upstream: "", attempts: 1, reason: "invalid: not a bundle of events", event: body },
  ]);
  expect(await store.known([event.id])).toEqual(new Set([event.id]));
});

it("takes over a dead letter of an earlier release", async () => {
  const { deps, deadLetters } = aConsumer();
  const { delivered, settled } = messages(...QUEUED_LETTERS);
  await consume(delivered, deps, LAST_PATIENCE);
  expect(settled).toEqual(["ack", "ack"]);
  expect(deadLetters.map(({ event }) => event)).toEqual([{ id: "x" }, null]);
});

it("tries again later when the store fails, and then nothing is stored twice", async () => {
  const { deps, store, deadLetters, reported, published } = aConsumer();
  const events = [signedEvent({ content: "a" }), signedEvent({ content: "b" })];
  const { ingest } = deps;
  deps.ingest = async (value, sender) => {
    if (value === events[1]) throw new Error("D1 is away");
    return ingest(value, sender);
  };
  const first = messages(bundle(...events), bundle(events[0]));
  await consume(first.delivered, deps);
  expect(first.settled).toEqual(["retry in 8", "ack"]);
  expect(reported).toEqual([new Error("D1 is away")]);
  deps.ingest = ingest;
  const second = messages(bundle(...events));
  await consume(second.delivered, deps);
  expect(second.settled).toEqual(["ack"]);
  expect((await store.log(0, 10)).events).toHaveLength(2);
  expect(published).toHaveLength(2);
  expect(deadLetters).toEqual([]);
});

it("tries again later when it cannot be known what is stored", async () => {
  const { deps } = aConsumer({ unneeded: () => Promise.reject(new Error("D1 is away")) });
  const { delivered, settled } = messages(bundle(signedEvent()));
  await consume(delivered, deps);
  expect(settled).toEqual(["retry in 8"]);
});

it("does not acknowledge what it could not dead-letter", async () => {
  const { deps } = aConsumer({ deadLetter: () => Promise.reject(new Error("the queue is away")) });
  const { delivered, settled } = messages(bundle("no event"), "no bundle", bundle(signedEvent()));
  await consume(delivered, deps);
  expect(settled).toEqual(["retry in 8", "retry in 8", "ack"]);
});

it("[23] an event that its author has deleted does not come back, and is no dead letter", async () => {
  const { deps, store, deadLetters } = aConsumer();
  const event = signedEvent();
  await store.commit([signedEvent({ kind: 5, tags: [["e", event.id]] })]);
  const { delivered, settled } = messages(bundle(event));
  await consume(delivered, deps);
  expect(settled).toEqual(["ack"]);
  expect(await store.known([event.id])).toEqual(new Set());
  expect(deadLetters).toEqual([]);
});

it("goes on with the trace of the pull", async () => {
  const parents: SpanOptions[] = [];
  const { deps } = aConsumer({
    tracer: {
      span(_name, options, work) {
        parents.push(options);
        return work(spanAt("00-consume"));
      },
    },
  });
  await consume(messages({ ...bundle(), traceparent: "00-pull" }).delivered, deps);
  expect(parents).toEqual([{ parent: "00-pull", attributes: { upstream, events: 0 } }]);
});

it("waits twice as long after each attempt, an hour at most", () => {
  expect([1, 2, 3, 10].map(retryDelay)).toEqual([2, 4, 8, 1024]);
  expect([12, 100, 100_000].map(retryDelay)).toEqual([3600, 3600, 3600]);
});
