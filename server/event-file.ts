/** A file that has the events of one relay: a SQLite database that only one process writes. */
import { unixSeconds, wait } from "../platforms/clock.ts";
import { openSqlite } from "../platforms/sqlite.ts";
import { currentDatabase } from "../store/database/current-database.ts";
import type { Database } from "../store/database/database.ts";
import type { Migration } from "../store/database/schema.ts";

/**
 * A transaction is on the disk before it is answered, so an acknowledged event survives a power cut
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export const DURABLE = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

export interface EventFile {
  /** With the schema that this version of the code needs. */
  database: Database;
  /** Runs statements without results, such as BEGIN. */
  exec(sql: string): void;
  close(): void;
}

/** Opens the file, and creates it if it is missing. `cache` is in KiB of memory. */
export function openEventFile(
  path: string,
  { migrations, cache }: { migrations: readonly Migration[]; cache: number },
): EventFile {
  const sqlite = openSqlite(path);
  sqlite.exec(`${DURABLE} PRAGMA cache_size = -${cache};`);
  return {
    database: currentDatabase(sqlite, { migrations, now: unixSeconds, pause: wait }),
    exec: (sql) => sqlite.exec(sql),
    close: () => sqlite.close(),
  };
}
