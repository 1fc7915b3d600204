/** Drizzle over the same small database surface as everything else: for what is off the hot path. */
import { drizzle, type SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import type { Database, SqlValue } from "./database.ts";

export function createDrizzle(db: Database): SqliteRemoteDatabase {
  return drizzle(async (sql, params, method) => {
    const { results } = await db
      .prepare(sql)
      .bind(...(params as SqlValue[]))
      .all<Record<string, SqlValue>>();
    const rows = results.map((row) => Object.values(row));
    return { rows: method === "get" ? (rows[0] ?? []) : rows };
  });
}
