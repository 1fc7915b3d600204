/** What changes from question to question is bound, and SQLite compiles a statement once, not for each question. */
import { constants, DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseFilter, type Filter } from "../../nostr/filter.ts";
import type { Database } from "../../store/database/database.ts";
import { estimate } from "../../store/counting/sample.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { finish } from "../../store/work.ts";
import { type Prepared, wrapDatabase } from "../../store/database/wrapped-database.ts";
import { readMigrations } from "../../platforms/migration-files.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

let sqlite: ReturnType<typeof migratedSqlite>;
beforeEach(() => {
  sqlite = migratedSqlite();
});
afterEach(() => sqlite.close());

/** Something to ask that depends on a number. */
type Question = (n: number) => object;

const key = (n: number) => n.toString(16).padStart(64, "0");
const keys = (count: number, from: number) => Array.from({ length: count }, (_, at) => key(from + at));

type Statements = Pick<Prepared, "sql" | "values">[];

/** Asks twice, with other numbers. Returns the statements of both. */
async function askTwice(
  ask: (db: Database, n: number) => Promise<unknown>,
): Promise<[Statements, Statements]> {
  const statementsOf = async (n: number) => {
    const ran: Statements = [];
    const db = wrapDatabase(sqlite, (statements, run) => {
      ran.push(...statements);
      return run();
    });
    await ask(db, n);
    return ran;
  };
  return [await statementsOf(1), await statementsOf(2)];
}

const textsOf = (statements: Statements) => statements.map(({ sql }) => sql);

/** Returns which statements SQLite compiles again to run them with the values of the second question. */
function compiledAgain([one, other]: [Statements, Statements]): string[] {
  using db = new DatabaseSync(":memory:");
  for (const { sql } of readMigrations()) db.exec(sql);
  let compiled = 0;
  // SQLite asks for each part of a statement when it compiles it, and never when it runs it.
  db.setAuthorizer(() => {
    compiled += 1;
    return constants.SQLITE_OK;
  });
  return one.flatMap(({ sql, values }, at) => {
    const statement = db.prepare(sql);
    expect(compiled).toBeGreaterThan(0);
    statement.all(...values);
    compiled = 0;
    statement.all(...(other[at]?.values ?? []));
    return compiled === 0 ? [] : sql;
  });
}

function expectSameStatements(both: [Statements, Statements]): void {
  expect(textsOf(both[1])).toEqual(textsOf(both[0]));
  expect(compiledAgain(both)).toEqual([]);
}

function filterOf(wire: object): Filter {
  const parsed = parseFilter(wire);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.filter;
}

function timed(question: Question, n: number): Filter {
  return filterOf({ ...question(n), since: 10 + n, until: 1_800_000_000 + n });
}

const viewAt = (n: number) => ({ keys: [key(n)], now: 1_700_000_000 + n });

const QUESTIONS: [string, Question][] = [
  ["everything", () => ({})],
  ["ids", (n) => ({ ids: keys(5 + n, n) })],
  ["a kind", (n) => ({ kinds: [n] })],
  ["kinds and authors", (n) => ({ kinds: [1, 30 + n], authors: keys(20 + n, n) })],
  ["replaceable events of authors", (n) => ({ kinds: [0], authors: keys(20 + n, n) })],
  ["versions of too many authors", (n) => ({ kinds: [30_023, 30_000 + n], authors: keys(600 + n, n) })],
  ["kinds of many authors", (n) => ({ kinds: [1, 6 + n], authors: keys(300 + n, n) })],
  ["an address", (n) => ({ kinds: [30_023], authors: [key(n)], "#d": [`article${n}`] })],
  ["a tag", (n) => ({ kinds: [1], "#e": [key(n)] })],
  ["many tag values", (n) => ({ "#e": keys(500 + n, n), "#p": keys(600 + n, n), kinds: [7] })],
  ["a search", (n) => ({ search: `word${n}` })],
];

it.each(QUESTIONS)(
  "the SQL that reads %s has no numbers of the question, and is compiled once",
  async (_, question) => {
    await createStore(sqlite).commit([signedEvent({ tags: [["e", key(1)]], content: "word1 word2" })]);
    const both = await askTwice((db, n) =>
      finish(createStore(db).read([{ filter: timed(question, n), limit: 10 + n, view: viewAt(n) }])),
    );
    expect(both[0].length).toBeGreaterThan(1);
    expectSameStatements(both);
  },
);

it.each(QUESTIONS)(
  "the SQL that counts %s has no numbers of the question, and is compiled once",
  async (_, question) => {
    const both = await askTwice((db, n) =>
      finish(createStore(db).count([{ filter: timed(question, n), view: viewAt(n) }])),
    );
    expect(both[0].length).toBeGreaterThan(0);
    expectSameStatements(both);
  },
);

it.each(QUESTIONS)("the SQL that lists %s for NIP-77 is compiled once", async (_, question) => {
  const both = await askTwice((db, n) =>
    finish(createStore(db).records(timed(question, n), viewAt(n), 100 * n)),
  );
  expect(both[0].length).toBeGreaterThan(0);
  expectSameStatements(both);
});

it("the SQL that stores events, and that follows the log, is compiled once", async () => {
  const both = await askTwice(async (db, n) => {
    const store = createStore(db);
    await store.commit([
      signedEvent({ created_at: 1000 + n, tags: [["p", key(n)]], content: `word${n}` }),
      signedEvent({ created_at: 1000 + n, kind: 10_002 }),
      signedEvent({ created_at: 1000 + n, kind: 5, tags: [["e", key(n)]] }),
    ]);
    await store.log(n, 10 + n);
  });
  expect(both[0].length).toBeGreaterThan(3);
  expectSameStatements(both);
});

it("the SQL of an estimate has no numbers of the question, and is compiled once", async () => {
  const both = await askTwice((db, n) =>
    finish(estimate(db, [{ filter: filterOf({ kinds: [n] }), view: viewAt(n) }], 1000 * n)),
  );
  expect(both[0]).toHaveLength(1);
  expectSameStatements(both);
});

it("the SQL that creates and reads counters has no numbers of the question, and is compiled once", async () => {
  // Another byte of the authors selects their register.
  const targets = ["1", "2"].map((letter) => letter.repeat(64));
  const reactions = Array.from({ length: 100 }, (_, n) =>
    signedEvent({ kind: 7, content: `${n}`, tags: targets.map((target) => ["e", target]) }),
  );
  await createStore(sqlite).commit(reactions);
  for (let asked = 0; asked < 2; asked += 1) {
    const both = await askTwice(async (db, n) => {
      const filter = filterOf({ kinds: [7], "#e": [targets[n - 1]] });
      const { result } = await finish(createStore(db).count([{ filter, view: viewAt(n) }]));
      expect(result.count).toBe(100);
    });
    expectSameStatements(both);
  }
  const { results } = await sqlite.prepare("SELECT events FROM counter").all();
  expect(results).toHaveLength(2);
});
