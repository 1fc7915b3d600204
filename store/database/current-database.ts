/** A database that has the schema of the code before the first statement runs. */
import { areReads, type Database, ReadOnlyError } from "./database.ts";
import { type SchemaOptions, updateSchema } from "./schema.ts";
import { wrapDatabase } from "./wrapped-database.ts";

/**
 * Wraps a database: the first statement brings its schema up to date (see `updateSchema`). Later ones cost nothing more.
 * If the schema is newer than the code, reads run as they are, and anything else rejects with a `ReadOnlyError`.
 */
export function currentDatabase(db: Database, options: SchemaOptions): Database {
  // A value and not a promise: on Workers, a request must not wait for what another one has begun, which may be cut off.
  let unknown: string[] | undefined;
  return wrapDatabase(db, async (statements, run) => {
    unknown ??= await updateSchema(db, options);
    if (unknown.length > 0 && !areReads(statements)) {
      // The database may have gone back since, to before an upgrade.
      unknown = await updateSchema(db, options);
      if (unknown.length === 0) return run();
      throw new ReadOnlyError(
        `the database has a newer schema (${unknown.join(", ")}) than this version of the relay, which therefore stores nothing; deploy the newer version`,
      );
    }
    return run();
  });
}
