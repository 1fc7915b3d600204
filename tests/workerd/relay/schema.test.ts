/** The schema on D1, with the migrations as the Workers import them. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { MIGRATIONS } from "../../../platforms/migrations.ts";
import type { Database } from "../../../store/database/database.ts";
import { schemaContract } from "../../contract/schema.ts";

it("knows every file of migrations/, in their order", () => {
  expect(MIGRATIONS.map(({ name }) => name)).toEqual(env.TEST_MIGRATIONS.map(({ name }) => name));
});

schemaContract(async () => {
  await dropEverything(env.DB);
  return {
    connect: () => ({
      prepare: (sql) => env.DB.prepare(sql),
      batch: (statements) => (env.DB as Database).batch(statements),
    }),
    migrations: MIGRATIONS,
  };
});

/** Drops all tables and views. Indexes and triggers go with their tables, and so do the tables of search. */
async function dropEverything(db: D1Database): Promise<void> {
  const { results } = await db
    .prepare("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table')")
    .all<{ type: string; name: string }>();
  const own = results.filter(({ name }) => !/^(?:_cf_|sqlite_|search_)/.test(name));
  for (const { type, name } of own) await db.prepare(`DROP ${type} ${name}`).run();
}
