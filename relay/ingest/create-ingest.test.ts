import { expect, it, vi } from "vitest";
import { createStore } from "../../store/sql/sql-store.ts";
import { verifySignature } from "../../nostr/signature.ts";
import { Counts } from "../../telemetry/counts.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { NOW } from "../../tests/fixtures/hubs.ts";
import { EVERYBODY_WRITES } from "../../tests/fixtures/moderation.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { parseConfig } from "../config.ts";
import { STRANGER, TRACED_STRANGER } from "../../tests/fixtures/strangers.ts";
import { createIngest, publishThrough } from "./create-ingest.ts";
import type { Publication } from "../live/switchboard.ts";

function anIngest(
  settings: Record<string, string> = {},
  publish?: (publication: Publication) => Promise<void>,
  source: "http" | "queue" = "http",
) {
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const store = createStore(migratedSqlite());
  const published: Publication[] = [];
  const reported: unknown[] = [];
  const metrics = new Counts();
  const ingest = createIngest({
    source,
    access: EVERYBODY_WRITES,
    config: parsed.config,
    store,
    verify: verifySignature,
    now: () => NOW,
    publish: publish ?? (async (publication) => void published.push(publication)),
    pause: async () => undefined,
    report: (error) => void reported.push(error),
    metrics,
    tracer: noTracer,
  });
  return { ingest, store, published, reported, metrics };
}

it("[18] one event after the other: stored, duplicate, superseded, refused", async () => {
  const { ingest, store, published } = anIngest({ MAX_EVENT_TAGS: "1" });
  const [old, young] = [signedEvent({ kind: 0 }), signedEvent({ kind: 0, created_at: NOW })];
  const crowded = signedEvent({
    tags: [
      ["t", "a"],
      ["t", "b"],
    ],
  });
  expect(await ingest(young, STRANGER)).toEqual({ kind: "stored", seq: 1 });
  expect(await ingest(young, STRANGER)).toEqual({ kind: "duplicate" });
  expect(await ingest(old, STRANGER)).toEqual({ kind: "superseded" });
  expect(await ingest(crowded, STRANGER)).toMatchObject({ kind: "refused", prefix: "invalid" });
  expect((await store.log(0, 10)).events.map(({ id }) => id)).toEqual([young.id]);
  expect(published.map(({ events }) => events.map(({ event }) => event.id))).toEqual([[young.id]]);
});

it("[7] an ephemeral event is published and not stored", async () => {
  const { ingest, store, published } = anIngest();
  const event = signedEvent({ kind: 20_001 });
  expect(await ingest(event, TRACED_STRANGER)).toEqual({ kind: "passed-on" });
  expect(await store.log(0, 10)).toEqual({ events: [], head: 0 });
  expect(published).toEqual([
    { version: 1, prev: 0, last: 0, events: [], ephemeral: [event], traceparent: "00-trace" },
  ]);
});

it("[7] an ephemeral event of an upstream says so, because other upstreams may send it too", async () => {
  const { ingest, published } = anIngest({}, undefined, "queue");
  const event = signedEvent({ kind: 20_001 });
  await ingest(event, STRANGER);
  expect(published).toEqual([
    { version: 1, prev: 0, last: 0, events: [], ephemeral: [event], isPulled: true },
  ]);
});

it("a source without subscribers waits until the switchboard has been told", async () => {
  const sent: Publication[][] = [];
  let fails = 1;
  const publish = publishThrough({
    send: async (publications) => {
      if (fails-- > 0) throw new Error("the switchboard is away");
      sent.push(publications);
      return { skipped: undefined, head: 1 };
    },
    pause: async () => undefined,
    report: () => undefined,
    tracer: noTracer,
  });
  const publication: Publication = { version: 1, prev: 0, last: 1, events: [], ephemeral: [] };
  await publish(publication);
  expect(sent).toEqual([[publication]]);
});

it("a dry run stores, counts and logs what would have been refused, without a word of its content", async () => {
  const { ingest, store, reported, metrics } = anIngest({ MAX_CONTENT_LENGTH: "3", POLICY_DRY_RUN: "on" });
  const event = signedEvent({ content: "secret" });
  expect(await ingest(event, STRANGER)).toMatchObject({ kind: "stored" });
  expect(await store.known([event.id])).toEqual(new Set([event.id]));
  expect(reported).toEqual([`dry run: MAX_CONTENT_LENGTH would have refused event ${event.id}`]);
  expect(metrics.list()).toContainEqual({
    name: "events_would_refuse_total",
    labels: { source: "http" },
    amounts: [1],
  });
});

it("[7] few ephemeral events are under way at once, and senders take turns", async () => {
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const { ingest } = anIngest({}, async (publication) => {
    begun.push(...publication.ephemeral.map(({ content }) => content));
    await new Promise<void>((end) => void ends.push(end));
  });
  const send = (client: string, n: number) =>
    ingest(signedEvent({ kind: 20_001, content: `${client} ${n}` }), { ...STRANGER, client });
  const outcomes = [1, 2, 3, 4, 5, 6].map((n) => send("greedy", n));
  await vi.waitFor(() => expect(ends).toHaveLength(2));
  outcomes.push(...["a", "b", "c"].map((client) => send(client, 1)));
  await vi.waitFor(() => expect(ends).toHaveLength(4));
  expect(begun).toEqual(["greedy 1", "greedy 2", "a 1", "b 1"]);
  for (let n = 0; n < outcomes.length; n += 1) {
    await vi.waitFor(() => expect(ends.length).toBeGreaterThan(n));
    ends[n]?.();
  }
  expect(new Set((await Promise.all(outcomes)).map(({ kind }) => kind))).toEqual(new Set(["passed-on"]));
  expect(begun.indexOf("c 1")).toBeLessThan(begun.indexOf("greedy 4"));
});
