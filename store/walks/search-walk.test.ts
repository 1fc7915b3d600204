import { afterEach, beforeEach, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { note, queryOf } from "../../tests/contract/queries.ts";
import { LookedSqlite } from "../../tests/fixtures/looked-sqlite.ts";
import { readAll } from "../../tests/fixtures/read-all.ts";
import { createStore } from "../sql/sql-store.ts";

const EVENTS = 1500;

let db: LookedSqlite;
beforeEach(() => {
  db = new LookedSqlite();
});
afterEach(() => db.close());

async function contents(search: string, keyword: string, limit: number): Promise<string[]> {
  db.batches.length = 0;
  const query = { ...queryOf({ search }, limit), keyword };
  const { answers } = await readAll(createStore(db), [query]);
  return answers[0]!.events.map(({ json }) => (JSON.parse(json) as Event).content);
}

it.each(["word", "word common"])(
  "a search for %j finds the few matches that pass another test, wherever a step ends",
  async (search) => {
    const texts = Array.from({ length: EVENTS }, (_, n) => `word ${n} common`);
    await createStore(db).commit(texts.map((content, n) => note(n, { content })));
    const all = texts.toReversed();
    for (const keyword of ["word 7", "word 0 ", "word 1499", "word 2000", "word"]) {
      const expected = all.filter((text) => text.includes(keyword));
      for (const limit of [1, 1000]) {
        const found = await contents(search, keyword, limit);
        // Ranking does not tell these texts apart.
        expect(found, keyword).toEqual(expected.slice(0, limit));
      }
    }
    // The first step is cut off without a mark, the others with one.
    expect(await contents(search, "word 0 ", 1)).toHaveLength(1);
    expect(db.batches.length).toBeGreaterThan(3);
    expect(db.batches.length).toBeLessThan(10);
  },
);
