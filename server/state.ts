/** Everything that a server keeps on disk: one folder with two databases. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { unixSeconds, wait } from "../platforms/clock.ts";
import { MIGRATIONS } from "../platforms/migrations.ts";
import { openSqlite } from "../platforms/sqlite.ts";
import { currentDatabase } from "../store/current-database.ts";
import type { Database } from "../store/database.ts";

export interface State {
  /** The events, with the schema that this version of the code needs. */
  database: Database;
  /** The queue and the sums of metrics. They are written beside events, so they have a file of their own. */
  queueDatabase: DatabaseSync;
  close(): void;
}

/**
 * A transaction is on the disk before it is answered, so an acknowledged event survives a power cut
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
const DURABLE = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
const CACHE = "PRAGMA cache_size = -65536;";

/** Opens a state folder, which exists. */
export function openState(folder: string): State {
  const sqlite = openSqlite(join(folder, "relay.sqlite"));
  sqlite.exec(DURABLE + CACHE);
  const queueDatabase = new DatabaseSync(join(folder, "queue.sqlite"));
  queueDatabase.exec(DURABLE);
  return {
    database: currentDatabase(sqlite, { migrations: MIGRATIONS, now: unixSeconds, pause: wait }),
    queueDatabase,
    close() {
      queueDatabase.close();
      sqlite.close();
    },
  };
}
