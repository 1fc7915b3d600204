import { expect, it } from "vitest";
import { readMigrations } from "../../platforms/migration-files.ts";
import { openSqlite } from "../../platforms/sqlite.ts";
import { note } from "../../tests/contract/queries.ts";
import { noPause } from "../../tests/fixtures/no-pause.ts";
import type { Database } from "../database/database.ts";
import { updateSchema } from "../database/schema.ts";
import { createStore } from "../sql/sql-store.ts";

const MIGRATION = "0022_other_d.sql";
const HEX = "ab".repeat(32);

/** The kinds and tags of events, and the values by which the table has to find them. */
const EVENTS: [kind: number, tags: string[][], values: string[]][] = [
  [30_000, [["d", "one"]], []],
  [
    30_001,
    [
      ["d", "one"],
      ["d", "one"],
    ],
    [],
  ],
  [
    30_002,
    [
      ["d", "one"],
      ["t", "x"],
      ["d", "two"],
      ["d", HEX],
      ["d", "two"],
    ],
    ["two", HEX],
  ],
  [
    30_003,
    [
      ["d", HEX],
      ["d", ""],
    ],
    [""],
  ],
  [30_004, [["d"], ["d", "valueless"]], ["valueless"]],
  [30_005, [["t", "x"]], []],
  [
    30_006,
    [
      ["d", ""],
      ["d", '["d","a"]'],
    ],
    ['["d","a"]'],
  ],
  [30_007, [["d", '["d","a"]'], ["d"], ["dd", "x"]], []],
  [
    31_234,
    [
      ["d", "one"],
      ["d", "private"],
    ],
    ["private"],
  ],
  [0, [["d", "profile"]], ["profile"]],
  [
    3,
    [
      ["d", ""],
      ["p", HEX],
    ],
    [],
  ],
  [10_002, [["d", HEX]], [HEX]],
  [
    1,
    [
      ["d", "one"],
      ["d", "two"],
    ],
    [],
  ],
];
const events = EVENTS.map(([kind, tags], n) => note(n, { kind, tags }));
const expected = EVENTS.flatMap(([kind, , values]) =>
  values.map((value) => ({ kind, d: JSON.stringify(value) })),
);

const migrations = readMigrations();
const update = (db: Database, some = migrations) =>
  updateSchema(db, { migrations: some, now: () => 0, pause: noPause });

async function otherD(db: Database) {
  const { results } = await db.prepare("SELECT kind, d FROM other_d").all<{ kind: number; d: string }>();
  return results.map((row) => ({ ...row }));
}

const ordered = (rows: { kind: number; d: string }[]) =>
  rows.toSorted((a, b) => a.kind - b.kind || (a.d < b.d ? -1 : 1));

it("d tags that name no version are found for as long as their event is stored", async () => {
  const db = openSqlite(":memory:");
  await update(db);
  const store = createStore(db);
  await store.commit(events);
  expect(await otherD(db)).toEqual(ordered(expected));
  await store.commit(events.map((event) => note(100, { kind: event.kind, tags: event.tags.slice(0, 1) })));
  const deleted = events.filter(({ kind }) => kind === 31_234 || kind === 1);
  await store.commit([note(200, { kind: 5, tags: deleted.map(({ id }) => ["e", id]) })]);
  // Each is stored again with its first tag only, which names the version of an addressable event.
  const left = expected.filter(({ kind }) => kind === 0 || kind === 10_002);
  expect(await otherD(db)).toEqual(ordered(left));
  db.close();
});

it("the migration finds them in the events that are stored", async () => {
  const db = openSqlite(":memory:");
  await update(
    db,
    migrations.filter(({ name }) => name < MIGRATION),
  );
  await createStore(db).commit(events);
  await update(db);
  expect(await otherD(db)).toEqual(ordered(expected));
  db.close();
});
