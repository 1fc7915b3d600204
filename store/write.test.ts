import { expect, it } from "vitest";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { createStore } from "./sql-store.ts";

it("says what was stored and why the rest was not, even if the database is gone right after the commit", async () => {
  const db = migratedSqlite();
  const known = signedEvent({ content: "known" });
  await createStore(db).commit([known, signedEvent({ kind: 0, created_at: 1_700_000_009 })]);
  const store = createStore({
    prepare: (sql) => db.prepare(sql),
    async batch(statements) {
      const results = await db.batch<never>(statements);
      db.close();
      return results;
    },
  });
  const { fates } = await store.commit([signedEvent(), known, signedEvent({ kind: 0 })]);
  expect(fates.map(({ kind }) => kind)).toEqual(["stored", "duplicate", "superseded"]);
});
