import { afterEach, beforeEach, expect, it } from "vitest";
import { note, queryOf } from "../../tests/contract/queries.ts";
import { LookedSqlite } from "../../tests/fixtures/looked-sqlite.ts";
import type { WireFilter } from "../../tests/reference/matcher.ts";
import { createStore } from "../sql/sql-store.ts";
import { finish, type StepCost, STEP_ENTRIES } from "../work.ts";

const AUTHORS = Array.from({ length: 400 }, (_, n) => (n + 1).toString(16).padStart(64, "0"));
const EVENTS = 4000;
/** Nobody has published them. */
const kinds = [9998, 9999];

let db: LookedSqlite;
beforeEach(async () => {
  db = new LookedSqlite();
  const events = Array.from({ length: EVENTS }, (_, n) =>
    note(n, { pubkey: AUTHORS[n % AUTHORS.length]!, tags: [["t", `${n % 400}`]] }),
  );
  await createStore(db).commit(events);
  db.batches.length = 0;
});
afterEach(() => db.close());

it.each<[string, WireFilter]>([
  ["authors", { authors: AUTHORS, kinds }],
  ["tag values", { "#t": AUTHORS.map((_, n) => `${n}`), kinds }],
])("a step looks at few rows, even with twelve long lists of %s", async (_, wire) => {
  const store = createStore(db);
  const { cost } = await finish(store.read(Array(12).fill(queryOf(wire, 100))));
  const rows = db.batches.map(({ entries, tags }) => entries + tags);
  expect(Math.max(...rows)).toBeLessThan(5 * STEP_ENTRIES);
  // Up to five entries of other kinds are skipped at once, and D1 counts them itself.
  expect(cost.looked).toBeGreaterThan((12 * EVENTS) / 5);
});

it("one step returns 500 events, and the longest of them without their JSON", async () => {
  const store = createStore(db);
  await store.commit([note(EVENTS, { content: "x".repeat(5000) })]);
  db.batches.length = 0;
  const read = async (limit: number) => {
    const { answers } = (await finish(store.read([queryOf({}, limit)]))).result;
    return answers[0]!.events.map(({ json }) => json !== undefined);
  };
  expect(await read(500)).toEqual([false, ...Array<boolean>(499).fill(true)]);
  expect(db.batches).toHaveLength(1);
  expect((await read(200))[0]).toBe(true);
});

it("a step says how many bytes it returned, and what it takes to load the others", async () => {
  const store = createStore(db);
  const firstStep = async (large: number) => {
    const kind = 30_000 + large;
    const content = "x".repeat(20_000);
    await store.commit(
      Array.from({ length: large + 1 }, (_, n) =>
        note(EVENTS + n, { kind, tags: [["d", `${n}`]], content: n === 0 ? "" : content }),
      ),
    );
    const { value } = await store.read([queryOf({ kinds: [kind] }, 500)]).next();
    return value;
  };
  const few = await firstStep(5);
  expect(few).toMatchObject({
    isLast: true,
    bytes: expect.toSatisfy((bytes) => bytes > 200 && bytes < 1000),
  });
  // The whole result is not there yet.
  const many = await firstStep(50);
  expect(many).toMatchObject({ isLast: false, next: { charge: 51 } });
  expect((many as StepCost).next?.bytes).toBeGreaterThan(50 * 20_000);
});

it("a step returns no more than a third as many events as it looks at entries, even without their JSON", async () => {
  const { result } = await finish(createStore(db).records({ tags: [] }, { keys: [], now: 0 }, 2 * EVENTS));
  expect(result).toHaveLength(40 * EVENTS);
  expect(Math.max(...db.batches.map(({ rows }) => rows))).toBeLessThanOrEqual(STEP_ENTRIES / 3 + 1);
});

it.each<[string, WireFilter, number]>([
  ["the only version of a list", { kinds: [3], authors: [AUTHORS[0]!] }, 500],
  ["an article by its address", { kinds: [30_023], authors: [AUTHORS[0]!], "#d": ["x"] }, 500],
  ["the newest event", {}, 1],
])("one step returns %s whole, even if it is long", async (_, wire, limit) => {
  const store = createStore(db);
  const content = "x".repeat(40_000);
  await store.commit([
    note(EVENTS, { kind: 3, pubkey: AUTHORS[0]!, content }),
    note(EVENTS + 1, { kind: 30_023, pubkey: AUTHORS[0]!, content, tags: [["d", "x"]] }),
  ]);
  db.batches.length = 0;
  const { answers } = (await finish(store.read([queryOf(wire, limit)]))).result;
  expect(answers[0]!.events.map(({ json }) => json !== undefined)).toEqual([true]);
  expect(db.batches).toHaveLength(1);
});
