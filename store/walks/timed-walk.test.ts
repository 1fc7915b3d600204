import { afterEach, beforeEach, expect, it } from "vitest";
import { note, queryOf } from "../../tests/contract/queries.ts";
import { LookedSqlite } from "../../tests/fixtures/looked-sqlite.ts";
import type { WireFilter } from "../../tests/reference/matcher.ts";
import { createStore } from "../sql/sql-store.ts";
import { finish, STEP_ENTRIES } from "../work.ts";

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
