/** The maximum work of single queries, counted in rows and characters and not in time. */
import { afterEach, expect, it, vi } from "vitest";
import { type Event, eventId } from "../../nostr/event.ts";
import { parseFilter } from "../../nostr/filter.ts";
import { MOST_LOOKED } from "../../relay/reads.ts";
import { RANKED_CHARACTERS } from "../../store/walks/search-walk.ts";
import { countTarget } from "../../store/counting/counter.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { finish, STEP_ENTRIES, type Work } from "../../store/work.ts";
import { type Looked, LookedSqlite } from "../fixtures/looked-sqlite.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import type { WireFilter } from "../reference/matcher.ts";

const AUTHOR = "1".repeat(64);
// Without e and p, because their values must be ids and keys.
const LETTERS = "abcdfghijklmnoqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");

let db: LookedSqlite;
afterEach(() => db.close());

async function storeOf(events: Event[]) {
  db = new LookedSqlite();
  const store = createStore(db);
  for (let from = 0; from < events.length; from += 500) await store.commit(events.slice(from, from + 500));
  db.batches.length = 0;
  db.uncounted.clear();
  return store;
}

function note(created_at: number, given: Partial<Event> = {}): Event {
  const draft = { pubkey: AUTHOR, created_at, kind: 1, tags: [], content: "", ...given };
  return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
}

function notes(count: number, given: Partial<Event> = {}): Event[] {
  return Array.from({ length: count }, (_, n) => note(n, given));
}

function queryOf(wire: WireFilter, limit = 500) {
  const parsed = parseFilter(wire);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { filter: parsed.filter, view: STRANGERS_VIEW, limit };
}

/** Returns the maximum of all steps. */
function most(what: keyof Looked): number {
  return Math.max(...db.batches.map((batch) => batch[what]));
}

/** Runs at most this many steps. Returns the number of entries that each counts as. */
async function within<T>(work: Work<T>, steps = Infinity): Promise<number[]> {
  const looked: number[] = [];
  for (let step = await work.next(); !step.done && looked.length < steps;) {
    looked.push(step.value.looked);
    step = await work.next();
  }
  return looked;
}

it("a long list of tag values and events with long tags are not multiplied", async () => {
  const tags = [
    ["x", "common"],
    ["y", "z".repeat(4100)],
  ];
  const store = await storeOf(notes(300, { tags }));
  const values = Array.from({ length: 19_000 }, (_, n) => (n % 2 === 0 ? `v${n}` : "z".repeat(10) + n));
  const looked = await within(store.read([queryOf({ "#x": ["common"], "#t": values })]), 5);
  // The two tags of each event are read, and no value is looked up.
  expect(most("entries")).toBeLessThanOrEqual(100);
  expect(most("tags")).toBeLessThanOrEqual(100);
  expect(most("values")).toBeLessThanOrEqual(2 * values.length);
  // Reading the list counts in every step.
  expect(Math.min(...looked)).toBeGreaterThan(1000);
});

it("ids, and versions, whose every tag is compared, are few in one step", async () => {
  const tags = LETTERS.slice(0, 20).flatMap((name) =>
    Array.from({ length: 19 }, (_, n) => [name, `${n % 10}`]),
  );
  const events = Array.from({ length: 300 }, (_, n) =>
    note(n, { kind: 30_000, tags: [["d", `${n}`], ...tags] }),
  );
  const store = await storeOf(events);
  const conditions = Object.fromEntries(LETTERS.map((name) => [`#${name}`, ["a", "b", "c", "9"]]));
  const { "#d": _, ...others } = conditions;
  for (const asked of [{ ids: events.map(({ id }) => id) }, { authors: [AUTHOR], kinds: [30_000] }]) {
    db.batches.length = 0;
    await finish(store.read([queryOf({ ...asked, ...others })]));
    expect(most("tags")).toBeLessThan(20 * STEP_ENTRIES);
    expect(db.batches.length).toBeGreaterThan(1);
  }
});

it("50 tag conditions are not a join of 51 tables, whose plan alone takes 100 ms", async () => {
  const store = await storeOf(notes(10));
  const conditions = Object.fromEntries(LETTERS.map((name) => [`#${name}`, ["a"]]));
  const prepare = vi.spyOn(db, "prepare");
  await finish(store.read([queryOf(conditions)]));
  const statements = prepare.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes("FROM tag WHERE"));
  expect(statements.length).toBeGreaterThan(0);
  for (const sql of statements) {
    const plan = db.explain(sql).filter((line) => line.startsWith("CORRELATED SCALAR SUBQUERY"));
    // One for each other tag, and one for the event.
    expect(plan.length).toBe(LETTERS.length);
  }
});

it("a search cuts the beginnings of few texts, in steps", async () => {
  const contents = ["word " + "ṩ̣̇ ﷺ ".repeat(500), "word " + "x ".repeat(2000)];
  const store = await storeOf(
    Array.from({ length: 400 }, (_, n) => note(n, { content: contents[n % 2]! + n })),
  );
  const normalize = vi.spyOn(String.prototype, "normalize");
  const work = store.read([queryOf({ search: "word" }, 1000)]);
  const cut: number[] = [];
  for (let step = await work.next(); !step.done; step = await work.next()) {
    cut.push(normalize.mock.contexts.reduce<number>((sum, text) => sum + String(text).length, 0));
    normalize.mockClear();
  }
  normalize.mockRestore();
  expect(cut.length).toBeGreaterThan(3);
  expect(Math.max(...cut)).toBeLessThan(400_000);
  // Each text twice, decomposed and composed. One ligature may become 18 characters.
  expect(cut.reduce((sum, one) => sum + one)).toBeLessThan(200 * RANKED_CHARACTERS * 4);
});

it("an author who has much else does not make others' matches expensive", async () => {
  const [quiet, bot] = ["c".repeat(64), "d".repeat(64)];
  const store = await storeOf([
    ...Array.from({ length: 300 }, (_, n) => note(10 * n, { kind: 7, pubkey: quiet })),
    ...Array.from({ length: 3000 }, (_, n) => note(n, { pubkey: bot })),
  ]);
  const asked = queryOf({ authors: [quiet, bot], kinds: [7] }, 10);
  const { result, cost } = await finish(store.read([asked]));
  expect(result.answers[0]!.events).toHaveLength(10);
  expect(result.answers[0]!.more).toBe(true);
  expect(cost.looked).toBeLessThan(700);
});

it("a read that was stopped before it looked everywhere says so", async () => {
  const authors = Array.from({ length: 16 }, (_, n) => n.toString(16).repeat(64));
  const store = await storeOf(
    authors.flatMap((pubkey, at) => Array.from({ length: 20 }, (_, n) => note(100 * at + n, { pubkey }))),
  );
  // Four authors for each question: more walks than share one step.
  const queries = [0, 4, 8, 12].map((at) => queryOf({ authors: authors.slice(at, at + 4) }, 10));
  const work = store.read(queries);
  await work.next();
  const { done, value } = await work.next(0);
  if (!done) throw new Error("it goes on");
  for (const [at, { events, unfinished }] of value.answers.entries()) {
    const newest = authors.slice(4 * at, 4 * at + 4).at(-1)!;
    const isAnswered = events.length === 10 && events.every(({ json }) => json?.includes(newest));
    expect(isAnswered || unfinished !== undefined).toBe(true);
  }
  expect(value.answers.some(({ unfinished }) => unfinished !== undefined)).toBe(true);
});

it("removals merge a part of the search index only when half of it is removed", async () => {
  await storeOf([]);
  const { results } = await db.prepare("SELECT v FROM search_config WHERE k = 'deletemerge'").all();
  expect(results).toEqual([{ v: 50 }]);
});

it("a count of a canonical filter looks at so many entries in one step, and is right", async () => {
  const target = "e".repeat(64);
  const reactions = Array.from({ length: 2 * STEP_ENTRIES + 10 }, (_, n) =>
    note(n % 7, { kind: n % 3 === 0 ? 1 : 7, content: `${n}`, tags: [["e", target]] }),
  );
  const store = await storeOf(reactions);
  const expected = reactions.filter(({ kind }) => kind === 7).length;
  const asked = [queryOf({ "#e": [target], kinds: [7] })];
  // If there are too many for the bound, it estimates after the first step.
  const named = { name: "e", value: target, kinds: [7] };
  const bounds = { entries: STEP_ENTRIES, sample: 2000 };
  const { result, cost } = await finish(countTarget(db, asked[0]!, named, bounds));
  expect(result).toEqual({ count: expect.any(Number), isEstimate: true });
  expect(Math.abs(result.count / expected - 1)).toBeLessThan(0.2);
  expect(cost.looked).toBeLessThanOrEqual(1 + STEP_ENTRIES + bounds.sample);
  const work = store.count(asked);
  const looked: number[] = [];
  let step = await work.next();
  for (; !step.done; step = await work.next()) looked.push(step.value.looked);
  expect(step.value).toMatchObject({ count: expected, isEstimate: false });
  // After the first step the relay estimates whether it is worth going on.
  expect([looked[0], ...looked.slice(2, 4)]).toEqual([STEP_ENTRIES, STEP_ENTRIES, 10]);
  // The counter gives the same number, without a look at the entries.
  db.batches.length = 0;
  expect((await finish(store.count(asked))).result).toMatchObject({ count: expected, isEstimate: false });
  expect(db.batches).toMatchObject([{ entries: 0 }]);
});

it("an estimate looks at as many places of the log for many filters as for one", async () => {
  const store = await storeOf(notes(12_000));
  const filters = Array.from({ length: 100 }, (_, n) => queryOf({ kinds: [1], since: n }));
  await finish(store.count(filters));
  const estimate = db.batches.at(-1)!;
  expect(estimate.rows).toBe(filters.length);
  expect(estimate.entries).toBeGreaterThan(1000);
  expect(estimate.entries).toBeLessThanOrEqual(11_000);
  expect(db.batches.reduce((sum, { entries }) => sum + entries, 0)).toBeLessThan(6 * MOST_LOOKED);
});

it("a crowded second is gone over once, by every index", async () => {
  const store = await storeOf(
    Array.from({ length: 5000 }, (_, n) => note(100, { content: `${n}`, tags: [["t", "common"]] })),
  );
  for (const asked of [{}, { kinds: [1] }, { authors: [AUTHOR] }, { "#t": ["common"] }]) {
    for (const order of ["asc", "desc"] as const) {
      db.batches.length = 0;
      const { result } = await finish(store.read([{ ...queryOf(asked, 5000), order }]));
      expect(result.answers[0]!.events).toHaveLength(5000);
      // Each entry counts three times: when it is found, as an event, and when it is loaded.
      expect(db.batches.reduce((sum, { entries }) => sum + entries, 0)).toBeLessThan(4 * 5000);
    }
  }
});

it("each step of a search looks at its own matches alone", async () => {
  const store = await storeOf(notes(3000, { content: "word" }));
  await finish(store.read([queryOf({ search: "word" }, 3000)]));
  expect(db.batches.length).toBeGreaterThan(5);
  expect(db.batches.reduce((sum, { entries }) => sum + entries, 0)).toBeLessThan(4 * 3000);
});

it("a feed of 5,000 authors who wrote little takes few steps: each reads the whole list", async () => {
  // Many events of others in a short time, so the first window is short.
  const store = await storeOf(
    Array.from({ length: 2000 }, (_, n) => note(1_700_000_000 + Math.floor(n / 50), { content: `${n}` })),
  );
  const authors = Array.from({ length: 5000 }, (_, n) => n.toString(16).padStart(64, "0"));
  for (let n = 0; n < 2; n += 1) await finish(store.read([queryOf({ authors }, 500)]));
  db.batches.length = 0;
  const { result } = await finish(store.read([queryOf({ authors }, 500)]));
  expect(result.answers).toEqual([{ events: [], more: false }]);
  expect(db.batches.length).toBeLessThanOrEqual(5);
});

it("ids are looked up, however few events of a kind there seem to be", async () => {
  const store = await storeOf(notes(2000));
  const ids = Array.from({ length: 60 }, (_, n) => n.toString(16).padStart(64, "0"));
  await finish(store.read([queryOf({ ids, kinds: [1], since: 5, until: 1900 })]));
  expect(most("entries")).toBe(0);
});
