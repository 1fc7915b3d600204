import { expect, it } from "vitest";
import type { DeadLetter } from "../../store/letters/letter-row.ts";
import { Counts } from "../../telemetry/counts.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { STRANGER } from "../../tests/fixtures/strangers.ts";
import { NO_ROOM } from "./handover.ts";
import { ingestLarge, type LargeEventDeps } from "./large-event.ts";

const upstream = "wss://relay.example/";
const event = { id: "a".repeat(64), created_at: 1_700_000_000, content: "日".repeat(50_000) };

function large(change: Partial<LargeEventDeps> = {}) {
  const letters: DeadLetter[] = [];
  const refused: string[] = [];
  const ingested: unknown[] = [];
  const metrics = new Counts();
  const deps: LargeEventDeps = {
    async ingest(value) {
      ingested.push(value);
      return { kind: "stored", seq: 1 };
    },
    sender: STRANGER,
    unneeded: async () => ({ stored: new Set(), refused: new Set(), rules: "" }),
    remember: async ({ ids }) => void refused.push(...ids),
    hasRoom: () => true,
    deadLetter: async (more) => void letters.push(...more),
    farthest: 900,
    now: () => 1_700_000_000,
    report: () => undefined,
    metrics,
    tracer: noTracer,
    longest: 200_000,
    ...change,
  };
  return { run: () => ingestLarge(event, { upstream }, deps), letters, refused, ingested, metrics };
}

it("is stored", async () => {
  const { run, ingested, letters } = large();
  await run();
  expect([ingested, letters]).toEqual([[event], []]);
});

it.each<[string, Partial<LargeEventDeps>]>([
  [
    "invalid: it is forged",
    { ingest: async () => ({ kind: "refused", prefix: "invalid", reason: "it is forged" }) },
  ],
  // 150,000 bytes, and fewer characters.
  ["invalid: the event is longer than 149999 bytes", { longest: 149_999 }],
  [
    "error: a row that SQLite cannot take",
    { ingest: () => Promise.reject(new Error("a row that SQLite cannot take")) },
  ],
])("that cannot be stored is a dead letter at once, and not asked for again: %s", async (reason, change) => {
  const { run, letters, refused, metrics } = large(change);
  await run();
  expect(letters).toEqual([{ upstream, reason, event, attempts: 1 }]);
  expect(refused).toEqual([event.id]);
  expect(metrics.list()).toContainEqual({
    name: "events_dead_total",
    labels: { source: "queue" },
    amounts: [1],
  });
});

it.each<[string, Partial<LargeEventDeps>]>([
  [NO_ROOM, { hasRoom: () => false }],
  [
    "D1_ERROR: Network connection lost.",
    { ingest: () => Promise.reject(new Error("D1_ERROR: Network connection lost.")) },
  ],
  ["D1 is away", { unneeded: () => Promise.reject(new Error("D1 is away")) }],
])("that cannot be stored now fails, so that the pull asks again: %s", async (reason, change) => {
  const { run, letters, refused } = large(change);
  await expect(run()).rejects.toThrow(reason);
  expect([letters, refused]).toEqual([[], []]);
});
