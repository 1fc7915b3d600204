import { afterEach, beforeEach, expect, it } from "vitest";
import { note, queryOf } from "../../tests/contract/queries.ts";
import { LookedSqlite } from "../../tests/fixtures/looked-sqlite.ts";
import { matches, type WireFilter } from "../../tests/reference/matcher.ts";
import { newestFirst, type Event } from "../../nostr/event.ts";
import { createStore } from "../sql/sql-store.ts";
import type { Store } from "../store.ts";
import { finish } from "../work.ts";

const AUTHORS = Array.from({ length: 200 }, (_, n) => (n + 1).toString(16).padStart(64, "0"));
const EVENTS = 6000;
/** One author in ten. */
const FOLLOWED = AUTHORS.filter((_, n) => n % 10 === 0);
const LIMIT = 30;

let db: LookedSqlite;
let store: Store;
let stored: Event[];
beforeEach(async () => {
  db = new LookedSqlite(true);
  store = createStore(db);
  stored = [];
});
afterEach(() => db.close());

async function commit(events: Event[]): Promise<void> {
  for (let from = 0; from < events.length; from += 500) await store.commit(events.slice(from, from + 500));
  stored.push(...events);
}

/** Notes and reactions of all authors in turn, two each second. */
const mixed = () =>
  Array.from({ length: EVENTS }, (_, n) =>
    note(Math.floor(n / 2), {
      kind: n % 3 === 0 ? 7 : 1,
      pubkey: AUTHORS[(n * 7) % AUTHORS.length]!,
      tags: [["t", `${n % 50}`]],
    }),
  );

/** Reads, and compares the answer with the reference. Returns the rows and trips that it took. */
async function read(wire: WireFilter, limit = LIMIT): Promise<{ rows: number; trips: number }> {
  db.batches.length = 0;
  const { result } = await finish(store.read([queryOf(wire, limit)]));
  const expected = stored.filter((event) => matches(wire, event)).toSorted(newestFirst);
  const [answer] = result.answers;
  expect(answer!.events.map(({ id }) => id)).toEqual(expected.slice(0, limit).map(({ id }) => id));
  expect(answer!.more).toBe(expected.length > limit);
  const rows = db.batches.reduce((sum, { entries, tags }) => sum + entries + tags, 0);
  return { rows, trips: db.batches.length };
}

it.each<[string, WireFilter, number]>([
  ["authors", { authors: FOLLOWED, kinds: [1] }, 2.5],
  ["tag values", { "#t": ["3", "13", "23"], kinds: [1] }, 3.5],
])("a list of %s that was read before takes a stretch of time in one trip", async (_, wire, most) => {
  await commit(mixed());
  await read(wire);
  const { rows, trips } = await read(wire);
  expect(trips).toBe(1);
  expect(rows).toBeLessThan(most * LIMIT);
});

it("lists like those that were read before do too", async () => {
  await commit(mixed());
  const listOf = (at: number) => AUTHORS.filter((_, n) => n % 10 === at);
  for (let at = 0; at < 3; at += 1) await read({ authors: listOf(at), kinds: [1], until: EVENTS / 2 });
  const { rows, trips } = await read({ authors: listOf(5), kinds: [1], until: EVENTS / 2 });
  expect(trips).toBe(1);
  expect(rows).toBeLessThan(3 * LIMIT);
});

it("a list that was read with a smaller limit takes one trip too", async () => {
  await commit(mixed());
  const wire = { authors: FOLLOWED, kinds: [1], until: EVENTS / 2 };
  await read(wire, 10);
  expect((await read(wire, 40)).trips).toBe(1);
});

it("goes on where the stretch of time ends, if it has too few matches", async () => {
  await commit(mixed());
  const wire = { authors: FOLLOWED, kinds: [1] };
  await read(wire);
  const others = Array.from({ length: 500 }, (_, n) => note(EVENTS + n, { pubkey: AUTHORS[1]! }));
  await commit([...others, note(2 * EVENTS, { pubkey: FOLLOWED[0]!, content: "late" })]);
  for (let asked = 0; asked < 3; asked += 1) await read(wire);
  expect((await read({ ...wire, until: 100 })).trips).toBeLessThanOrEqual(3);
});

it("a list whose stretch of time has too many entries is merged, with as few rows as before", async () => {
  await commit(mixed());
  const wire = { authors: FOLLOWED, kinds: [1] };
  await read(wire);
  const bot = Array.from({ length: 3000 }, (_, n) =>
    note(EVENTS / 2 + Math.floor(n / 100), { pubkey: FOLLOWED[0]!, kind: 7, content: `${n}` }),
  );
  await commit(bot);
  const known = store;
  store = createStore(db);
  await read(wire);
  const merged = await read(wire);
  store = known;
  // The first one finds out, and the other ones know.
  expect((await read(wire)).rows).toBeLessThan(merged.rows + 5 * (LIMIT + 1));
  expect((await read(wire)).rows).toBeLessThanOrEqual(merged.rows);
});

it("a list with few matches takes all of them", async () => {
  await commit([...mixed(), ...FOLLOWED.map((pubkey, n) => note(n, { pubkey, kind: 6 }))]);
  const wire = { authors: FOLLOWED.slice(0, 5), kinds: [6] };
  await read(wire);
  await read(wire);
  expect((await read(wire)).trips).toBe(1);
});
