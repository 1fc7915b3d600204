/**
 * Generated hostile events, filters and subscriptions. The work that each causes is counted, and stays within the bounds of
 * docs/limits.md. HOSTILE=10000 tries that many events, a third as many subscriptions and a tenth as many queries. SEED
 * repeats a run.
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Candidate } from "../../nostr/candidate.ts";
import type { Event } from "../../nostr/event.ts";
import { LONGEST_TEXT, MOST_PHRASES, searchableText, textLength } from "../../nostr/search.ts";
import { BATCH_BYTES, BATCH_EVENTS, BATCH_WORK, Committer } from "../../relay/ingest/commit.ts";
import { SubscriptionIndex } from "../../relay/live/subscription-index.ts";
import { LEAST_OF_STEP, STEP_ENTRIES } from "../../store/work.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { type Filter, parseFilter, valuesIn } from "../../nostr/filter.ts";
import { parseConfig } from "../../relay/config.ts";
import { FairQueue } from "../../relay/limits/fair-queue.ts";
import { answerFilters } from "../../relay/query.ts";
import { CHEAP_STEPS, MOST_LOOKED, type Reading, Reads } from "../../relay/reads.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import type { Store, View } from "../../store/store.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { type Looked, LookedSqlite } from "../fixtures/looked-sqlite.ts";
import { CROWD, hostileEvent, hostileFilter, hostileWorld, KEY } from "../reference/hostile.ts";

const RUNS = Number(process.env.HOSTILE ?? 150);
const SEED = Number(process.env.SEED ?? 20_261_128);

const parsed = parseConfig({ MAX_LIMIT: "5000" });
if (!parsed.ok) throw new Error("the settings of this test are wrong");
const { config } = parsed;

const world = hostileWorld();
const ids = world.filter((_, n) => n % 25 === 0).map(({ id }) => id);
let db: LookedSqlite;
let store: Store;

beforeAll(async () => {
  db = new LookedSqlite();
  store = createStore(db);
  for (let from = 0; from < world.length; from += 500) await store.commit(world.slice(from, from + 500));
});
afterAll(() => db.close());

const question = fc.record({
  filters: fc.oneof(
    { weight: 4, arbitrary: hostileFilter(ids).map((filter) => [filter]) },
    { weight: 1, arbitrary: fc.array(hostileFilter(ids), { minLength: 2, maxLength: 5 }) },
    { weight: 1, arbitrary: hostileFilter(ids).map((filter) => Array.from({ length: 100 }, () => filter)) },
  ),
  way: fc.constantFrom("REQ", "REQ", "COUNT", "NEG", "HTTP" as const),
  keys: fc.constantFrom<string[]>([], [KEY]),
  keyword: fc.constantFrom("word", "no such text", "語".repeat(256)),
  order: fc.constantFrom("asc", "desc" as const),
});

/** Runs a query as a hub does. Returns what each step looked at. */
async function ask(asked: typeof question extends fc.Arbitrary<infer T> ? T : never) {
  const filters = asked.filters.flatMap((wire): Filter[] => {
    const one = parseFilter(wire);
    return one.ok ? [one.filter] : [];
  });
  const view: View = { keys: asked.keys, now: 100 };
  const turns: Looked[] = [];
  const total = { turns: 0, paid: 0 };
  const queue = new FairQueue({ most: 1, mostOfClient: 1, breathe: async () => undefined });
  const reads = new Reads({
    config,
    limiter: {
      charge: (_, cost) => void (total.paid += cost),
      limit() {
        turns.push(sumOf(db.batches.splice(0)));
        return undefined;
      },
    },
    queue,
    now: () => 100,
    pause: async () => undefined,
  });
  const run = <T>(reading: Pick<Reading<T>, "work" | "mostLooked">) =>
    reads.run({
      reader: {
        network: undefined,
        keys: new Set(asked.keys),
        client: 1,
        mayProbablyRead: true,
        refuseRead: async () => undefined,
      },
      filters,
      owner: 1,
      ...reading,
    });
  db.batches.length = 0;
  const [first] = filters;
  if (asked.way === "COUNT") {
    await run({ work: () => store.count(filters.map((filter) => ({ filter, view }))), mostLooked: Infinity });
  } else if (asked.way === "NEG" && first && first.search === undefined) {
    await run({ work: () => store.records(first, view, 100_000), mostLooked: 200_000 });
  } else if (asked.way === "HTTP" && first) {
    const { keyword, order } = asked;
    await run({ work: () => store.read([{ filter: first, view, limit: 5000, keyword, order }]) });
  } else {
    await run({ work: () => answerFilters(store, { filters, view }, config, () => undefined) });
  }
  turns.push(sumOf(db.batches.splice(0)));
  return { turns, paid: total.paid };
}

function sumOf(batches: Looked[]): Looked {
  const sum = { entries: 0, tags: 0, values: 0, bytes: 0, rows: 0 };
  for (const batch of batches)
    for (const what of Object.keys(sum) as (keyof Looked)[]) sum[what] += batch[what];
  return sum;
}

it(`[13] [14] no turn of a question takes more than its bound, and none takes more turns (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(question, async (asked) => {
      const { turns, paid } = await ask(asked);
      for (const turn of turns) {
        // The entry, the entry that marks the end, and the event. A window looks at one second as a whole.
        expect(turn.entries).toBeLessThanOrEqual(3 * Math.max(STEP_ENTRIES, CROWD) + 4000);
        expect(turn.tags).toBeLessThanOrEqual(20 * STEP_ENTRIES);
        // In each step two statements read the list, each for the entries and for the mark.
        expect(turn.values).toBeLessThanOrEqual(4 * CHEAP_STEPS.most * config.MAX_FILTER_VALUES);
        // A crowded second is returned whole, up to the limit, without JSON. It may follow cheap steps.
        const most = Math.max(STEP_ENTRIES, config.MAX_LIMIT) + CHEAP_STEPS.cost + 100;
        expect(turn.rows).toBeLessThanOrEqual(most);
        expect(turn.bytes).toBeLessThanOrEqual(2 * 255 * 8_500);
      }
      // A reconciliation may take twice as many steps.
      expect(turns.length).toBeLessThanOrEqual((2 * MOST_LOOKED) / LEAST_OF_STEP + 3);
      const all = sumOf(turns);
      const work = all.entries + all.tags / 20 + all.values / 8;
      expect(work).toBeLessThan(5 * paid + 5000);
    }),
    { numRuns: Math.ceil(RUNS / 10), seed: SEED, endOnFailure: true },
  );
}, 36_000_000);

it(`[35] no text of an event is normalised beyond its bound (seed ${SEED})`, () => {
  const normalize = vi.spyOn(String.prototype, "normalize");
  fc.assert(
    fc.property(hostileEvent, (event) => {
      normalize.mockClear();
      const text = searchableText(event);
      const given = normalize.mock.contexts.reduce<number>((sum, one) => sum + String(one).length, 0);
      expect(textLength(event)).toBeLessThanOrEqual(LONGEST_TEXT);
      expect(text.length).toBeLessThanOrEqual(LONGEST_TEXT);
      // Decomposed and composed, and one upper-case letter may become three.
      expect(given).toBeLessThanOrEqual(4 * LONGEST_TEXT);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
  normalize.mockRestore();
}, 36_000_000);

it(`[16] every look-up of matching is counted, and few are in one slice (seed ${SEED})`, () => {
  const subscriptions = fc.array(hostileFilter(ids), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(subscriptions, hostileEvent, (wires, event) => {
      const index = new SubscriptionIndex<number>();
      const filters = wires.map((wire) => {
        const one = parseFilter(wire);
        return one.ok ? [one.filter] : [];
      });
      for (const [n, own] of filters.entries()) index.add(n, own);
      const bytes = filters.flat().reduce((sum, one) => sum + JSON.stringify(one).length, 0);
      // A kind takes 140 bytes besides its text: it is in the filter, in the index, and has an entry there.
      expect(index.size).toBeLessThan(4 * bytes + 140 * valuesIn(filters.flat()) + 2000 * filters.length);
      const candidate = new Candidate(event);
      let charged = 0;
      const matching = index.matching(candidate, { charge: (_, steps) => void (charged += steps) });
      let most = 0;
      let before = 0;
      for (let step = matching.next(); !step.done; step = matching.next()) {
        most = Math.max(most, step.value - (candidate.prepared - before));
        before = candidate.prepared;
      }
      // The values of the list or of the event, whichever are fewer, and each phrase at each place of the text.
      expect(most).toBeLessThanOrEqual(config.MAX_FILTER_VALUES + 60 + (MOST_PHRASES * LONGEST_TEXT) / 10);
      expect(charged).toBeGreaterThanOrEqual(candidate.steps);
      expect(candidate.prepared).toBeLessThanOrEqual(2 * LONGEST_TEXT + 2 * event.tags.length);
      for (const n of filters.keys()) index.remove(n);
      expect(index.size).toBe(0);
    }),
    { numRuns: Math.ceil(RUNS / 3), seed: SEED, endOnFailure: true },
  );
}, 36_000_000);

it(`a commit holds no more than one batch may, whatever waits (seed ${SEED})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostileEvent, { minLength: 20, maxLength: 40 }), async (events) => {
      const batches: Event[][] = [];
      const committer = new Committer({
        store: {
          async commit(batch) {
            batches.push(batch);
            const fates = batch.map(() => ({ kind: "duplicate" }) as const);
            return { prev: 0, last: 0, fates, unfinished: [], isRepeated: false };
          },
          known: async () => new Set(),
          adopt: async () => undefined,
          removeVanished: async () => undefined,
          finishDeletion: async () => undefined,
        },
        publish: async () => undefined,
        pause: async () => undefined,
        metrics: noMetrics,
        tracer: noTracer,
        source: "websocket",
      });
      await Promise.all(events.map((event) => committer.add(event)));
      expect(batches.flat().length).toBe(events.length);
      for (const batch of batches.filter(({ length }) => length > 1)) {
        expect(batch.length).toBeLessThanOrEqual(BATCH_EVENTS);
        expect(batch.reduce((sum, { tags }) => sum + 5 + tags.length, 0)).toBeLessThanOrEqual(BATCH_WORK);
        const bytes = new TextEncoder().encode(
          JSON.stringify(batch.map(({ tags, content }) => [tags, content])),
        );
        expect(bytes.length).toBeLessThanOrEqual(BATCH_BYTES);
      }
    }),
    { numRuns: Math.ceil(RUNS / 30), seed: SEED, endOnFailure: true },
  );
}, 36_000_000);
