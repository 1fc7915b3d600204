import { expect, it } from "vitest";
import { verifySignature } from "../nostr/signature.ts";
import { parseConfig } from "../relay/config.ts";
import { createIngest } from "../relay/ingest/create-ingest.ts";
import type { Publication } from "../relay/live/switchboard.ts";
import { createStore } from "../store/sql-store.ts";
import { Counts } from "../telemetry/counts.ts";
import { noTracer, type SpanOptions } from "../telemetry/tracing.ts";
import { EVERYBODY_WRITES } from "../tests/fixtures/moderation.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { STRANGER } from "../tests/fixtures/strangers.ts";
import { consume, type ConsumeDeps, type DeadLetter, type Delivered, retryDelay } from "./consume.ts";

const upstream = "wss://relay.example/";

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
    now: () => 1_700_000_100,
    report: (error) => void reported.push(error),
    publish: async (publication) => void published.push(publication),
    pause: async () => undefined,
    metrics,
    tracer: noTracer,
  });
  const deps: ConsumeDeps = {
    ingest,
    sender: STRANGER,
    known: (ids) => store.known(ids),
    hasRoom: () => true,
    deadLetter: async (letters) => void deadLetters.push(...letters),
    report: (error) => void reported.push(error),
    metrics,
    tracer: noTracer,
    ...change,
  };
  return { deps, store, commits, published, deadLetters, reported, metrics };
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

it("puts what can never be stored on the dead-letter queue with its upstream and the reason, and stores the rest", async () => {
  const { deps, store, deadLetters, metrics } = aConsumer();
  const good = signedEvent({ content: "good" });
  const forged = { ...signedEvent({ content: "forged" }), content: "other" };
  const secret = signedEvent({ content: "mine alone", tags: [["-"]] });
  const { delivered, settled } = messages(bundle(forged, good, null, "text", secret, { id: good.id }));
  await consume(delivered, deps);
  expect(settled).toEqual(["ack"]);
  expect((await store.log(0, 10)).events.map(({ id }) => id)).toEqual([good.id]);
  expect(deadLetters).toEqual([
    { version: 1, upstream, reason: "invalid: id is not the hash of the event", event: forged },
    { version: 1, upstream, reason: expect.stringMatching(/^invalid: /), event: null },
    { version: 1, upstream, reason: expect.stringMatching(/^invalid: /), event: "text" },
    { version: 1, upstream, reason: expect.stringMatching(/^auth-required: /), event: secret },
    { version: 1, upstream, reason: expect.stringMatching(/^invalid: /), event: { id: good.id } },
  ]);
  expect(metrics.list()).toContainEqual({ name: "events_dead_counts", source: "queue", amount: 5 });
  expect(metrics.list()).toContainEqual({ name: "events_refused_counts", source: "queue", amount: 5 });
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
    { version: 1, upstream: "", reason: "invalid: not a bundle of events", event: body },
  ]);
  expect(await store.known([event.id])).toEqual(new Set([event.id]));
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
  const { deps } = aConsumer({ known: () => Promise.reject(new Error("D1 is away")) });
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
        return work({ traceparent: "00-consume", set: () => undefined });
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
