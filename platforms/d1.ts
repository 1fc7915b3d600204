/** D1, with the schema that this version of the code needs. */
import { currentDatabase } from "../store/database/current-database.ts";
import type { Database } from "../store/database/database.ts";
import { readFromReplicas } from "../store/database/replicated-database.ts";
import { unixSeconds, wait } from "./clock.ts";
import { MIGRATIONS } from "./migrations.ts";

/**
 * Call it once for each isolate: the database that it returns remembers that the schema is up to date. With `hasReplicas`,
 * replicas answer long reads.
 */
export function openD1(db: D1Database, hasReplicas = false): Database {
  return currentDatabase(hasReplicas ? readFromReplicas(db) : db, {
    migrations: MIGRATIONS,
    now: unixSeconds,
    pause: wait,
  });
}
