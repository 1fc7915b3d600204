/** Drizzle over the `Database` interface, for the tables in `tables.ts`. */
import { drizzle, type SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import type { Database, SqlValue } from "./database.ts";

/**
 * Returns a drizzle whose statements run in `batch`, in one transaction, a single one too. `await statement` rejects: drizzle
 * replaces an error of the database by its own, which hides the reason and quotes every parameter.
 *
 * Rows arrive by column name, so two columns of one statement must not have the same name.
 */
export function createDrizzle(db: Database): SqliteRemoteDatabase {
  return drizzle(
    () => Promise.reject(new Error("run this statement in a batch")),
    async (queries) => {
      const statements = queries.map(({ sql, params }) => db.prepare(sql).bind(...(params as SqlValue[])));
      const answers = await db.batch<Record<string, SqlValue>>(statements);
      return answers.map(({ results }) => ({ rows: results.map((row) => Object.values(row)) }));
    },
  );
}
