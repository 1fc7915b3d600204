import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { Outcome } from "../../relay/ingest/ingest.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { STRANGER } from "../../tests/fixtures/strangers.ts";
import { turn } from "../../tests/fixtures/turn.ts";
import type { DeadLetter } from "../../store/letters/letter-row.ts";
import { consume, type ConsumeDeps, PATIENCE } from "./consume.ts";
import { salvage } from "./salvage.ts";

const STORED: Outcome = { kind: "stored", seq: 1 };
const BAD = new Error("a row that SQLite cannot take");

/** A store that commits what comes in one turn together: one bad event makes all of them fail. */
function groupStore(isBad: (n: number) => boolean) {
  const stored = new Set<number>();
  const groups: number[][] = [];
  let open: { group: number[]; done: Promise<void> } | undefined;
  const commit = async (group: number[]) => {
    await turn();
    open = undefined;
    groups.push(group);
    if (group.some(isBad)) throw BAD;
    for (const n of group) stored.add(n);
  };
  return {
    stored,
    groups,
    async ingest(n: number): Promise<Outcome> {
      if (!open) {
        const group: number[] = [];
        open = { group, done: commit(group) };
      }
      const { group, done } = open;
      group.push(n);
      await done;
      return STORED;
    },
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("salvage", () => {
  it("finds the one of 3,000 that makes all fail, and stores the others, in 24 groups", async () => {
    const { ingest, stored, groups } = groupStore((n) => n === 1234);
    const trials = await salvage(numbers(3000), ingest);
    expect(stored.size).toBe(2999);
    expect(trials.get(1234)).toEqual({ error: BAD });
    expect(trials.size).toBe(3000);
    expect(groups.length).toBeLessThanOrEqual(24);
  });

  it("gives up after some groups if everything fails", async () => {
    const { ingest, groups } = groupStore(() => true);
    await salvage(numbers(3000), ingest);
    expect(groups).toHaveLength(64);
  });

  it("stops when the database is away, and blames nobody", async () => {
    let calls = 0;
    const trials = await salvage(numbers(1), async () => {
      calls += 1;
      throw new Error("D1_ERROR: Network connection lost.");
    });
    expect([trials.size, calls]).toEqual([0, 1]);
  });
});

/** A queue of bundles. Every message that is not acknowledged comes again with the next batch. */
interface Waiting {
  body: { version: 1; upstream: string; events: Event[] };
  attempts: number;
}

describe("an event that makes ingest throw", () => {
  const eventOf = (n: number) => ({ id: n.toString(16).padStart(64, "0"), n }) as unknown as Event;
  const nOf = (event: unknown) => (event as { n: number }).n;

  function aQueue(bundles: number[][], isBad: (n: number) => boolean) {
    const { ingest, stored } = groupStore(isBad);
    const letters: DeadLetter[] = [];
    const refused = new Set<string>();
    let waiting = bundles.map((events): Waiting => ({
      body: { version: 1, upstream: "wss://up/", events: events.map(eventOf) },
      attempts: 1,
    }));
    const deps: ConsumeDeps = {
      ingest: (event) => ingest(nOf(event)),
      sender: STRANGER,
      unneeded: async (_, ids) => ({
        stored: new Set(ids.filter((id) => stored.has(Number.parseInt(id, 16)))),
        refused: new Set(ids.filter((id) => refused.has(id))),
        rules: "",
      }),
      remember: async ({ ids }) => {
        for (const id of ids) refused.add(id);
      },
      hasRoom: () => true,
      deadLetter: async (more) => void letters.push(...more),
      farthest: 0,
      now: () => 0,
      report: () => undefined,
      metrics: noMetrics,
      tracer: noTracer,
    };
    const deliver = async () => {
      const again: Waiting[] = [];
      await consume(
        waiting.map((message) => ({
          ...message,
          ack: () => undefined,
          retry: () => void again.push({ ...message, attempts: message.attempts + 1 }),
        })),
        deps,
      );
      waiting = again;
      return again.length;
    };
    return { deliver, stored, letters };
  }

  it("does not hold up the others, not even of its bundle, and is a dead letter after twelve attempts", async () => {
    const { deliver, stored, letters } = aQueue([[1, 2, 3], [4], [5, 6]], (n) => n === 2);
    for (let attempt = 1; attempt < PATIENCE.forThrows; attempt += 1) {
      expect(await deliver()).toBe(1);
      expect([...stored].toSorted((a, b) => a - b)).toEqual([1, 3, 4, 5, 6]);
      expect(letters).toEqual([]);
    }
    expect(await deliver()).toBe(0);
    expect(letters).toEqual([
      { upstream: "wss://up/", reason: `error: ${BAD.message}`, event: eventOf(2), attempts: 1 },
    ]);
  });

  it("is not to blame while all of several do: they wait for twice as many attempts", async () => {
    const { deliver, letters } = aQueue([[1, 2]], () => true);
    for (let attempt = 1; attempt < PATIENCE.forAllThrow; attempt += 1) expect(await deliver()).toBe(1);
    expect(letters).toEqual([]);
    expect(await deliver()).toBe(0);
    expect(letters).toHaveLength(2);
  });

  it("in any place and number: the others are stored, and each of these gets one letter", async () => {
    const bundles = fc.array(fc.array(fc.nat(300), { minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 20,
    });
    const bad = fc.uniqueArray(fc.nat(300), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(bundles, bad, async (all, some) => {
        const isBad = (n: number) => some.includes(n);
        const { deliver, stored, letters } = aQueue(all, isBad);
        let rounds = 0;
        while ((await deliver()) > 0) rounds += 1;
        expect(rounds).toBeLessThan(PATIENCE.forAllThrow);
        const sent = new Set(all.flat());
        expect(stored).toEqual(new Set([...sent].filter((n) => !isBad(n))));
        expect(new Set(letters.map(({ event }) => nOf(event)))).toEqual(new Set([...sent].filter(isBad)));
      }),
      { numRuns: 60 },
    );
  });
});
