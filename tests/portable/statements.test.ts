/** What changes from question to question is bound, so that SQLite keeps its statements compiled. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseFilter, type Filter } from "../../nostr/filter.ts";
import type { Database } from "../../store/database/database.ts";
import { estimate } from "../../store/counting/sample.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { finish } from "../../store/work.ts";
import { wrapDatabase } from "../../store/database/wrapped-database.ts";
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

/** Asks twice, with other numbers. Returns the SQL of both. */
async function bothTexts(ask: (db: Database, n: number) => Promise<unknown>): Promise<[string[], string[]]> {
  const textsOf = async (n: number) => {
    const texts: string[] = [];
    const db = wrapDatabase(sqlite, (statements, run) => {
      texts.push(...statements.map(({ sql }) => sql));
      return run();
    });
    await ask(db, n);
    return texts;
  };
  return [await textsOf(1), await textsOf(2)];
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
  ["a tag", (n) => ({ kinds: [1], "#e": [key(n)] })],
  ["many tag values", (n) => ({ "#e": keys(500 + n, n), "#p": keys(600 + n, n), kinds: [7] })],
  ["a search", (n) => ({ search: `word${n}` })],
];

it.each(QUESTIONS)("the SQL that reads %s has no numbers of the question", async (_, question) => {
  await createStore(sqlite).commit([signedEvent({ tags: [["e", key(1)]], content: "word1 word2" })]);
  const [one, other] = await bothTexts((db, n) =>
    finish(createStore(db).read([{ filter: timed(question, n), limit: 10 + n, view: viewAt(n) }])),
  );
  expect(one.length).toBeGreaterThan(1);
  expect(other).toEqual(one);
});

it.each(QUESTIONS)("the SQL that counts %s has no numbers of the question", async (_, question) => {
  const [one, other] = await bothTexts((db, n) =>
    finish(createStore(db).count([{ filter: timed(question, n), view: viewAt(n) }])),
  );
  expect(one.length).toBeGreaterThan(0);
  expect(other).toEqual(one);
});

it("the SQL of an estimate has no numbers of the question", async () => {
  const [one, other] = await bothTexts((db, n) =>
    finish(estimate(db, [{ filter: filterOf({ kinds: [n] }), view: viewAt(n) }], 1000 * n)),
  );
  expect(one).toHaveLength(1);
  expect(other).toEqual(one);
});

it("the SQL that creates and reads counters has no numbers of the question", async () => {
  // Another byte of the authors selects their register.
  const targets = ["1", "2"].map((letter) => letter.repeat(64));
  const reactions = Array.from({ length: 100 }, (_, n) =>
    signedEvent({ kind: 7, content: `${n}`, tags: targets.map((target) => ["e", target]) }),
  );
  await createStore(sqlite).commit(reactions);
  for (let asked = 0; asked < 2; asked += 1) {
    const [one, other] = await bothTexts(async (db, n) => {
      const filter = filterOf({ kinds: [7], "#e": [targets[n - 1]] });
      const { result } = await finish(createStore(db).count([{ filter, view: viewAt(n) }]));
      expect(result.count).toBe(100);
    });
    expect(other).toEqual(one);
  }
  const { results } = await sqlite.prepare("SELECT events FROM counter").all();
  expect(results).toHaveLength(2);
});
