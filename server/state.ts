/** Everything that a server keeps on disk: one folder with two databases. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MIGRATIONS } from "../platforms/migrations.ts";
import type { Database } from "../store/database/database.ts";
import { DURABLE, openEventFile } from "./event-file.ts";

export interface State {
  /** The events, with the schema that this version of the code needs. */
  database: Database;
  /** The queue and the sums of metrics. They are written beside events, so they have a file of their own. */
  queueDatabase: DatabaseSync;
  close(): void;
}

/** In KiB. */
const CACHE = 65_536;

/** Opens a state folder, which exists. */
export function openState(folder: string): State {
  const events = openEventFile(join(folder, "relay.sqlite"), { migrations: MIGRATIONS, cache: CACHE });
  const queueDatabase = new DatabaseSync(join(folder, "queue.sqlite"));
  queueDatabase.exec(DURABLE);
  return {
    database: events.database,
    queueDatabase,
    close() {
      queueDatabase.close();
      events.close();
    },
  };
}
