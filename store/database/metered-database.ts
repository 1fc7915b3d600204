/** Counts the rows that D1 bills, at the database itself, so that no statement is missed. */
import type { Source, Metrics } from "../../telemetry/metrics.ts";
import { costOf, type Database } from "./database.ts";
import { wrapDatabase } from "./wrapped-database.ts";

/**
 * Wraps a database and counts the rows that each statement reads and writes. Failed statements are not counted,
 * because D1 does not report them.
 */
export function meteredDatabase(db: Database, metrics: Metrics, source: Source): Database {
  return wrapDatabase(db, async (_statements, run) => {
    const results = await run();
    const { rowsRead, rowsWritten } = costOf(results);
    metrics.add("d1_rows_read_total", { source }, rowsRead);
    metrics.add("d1_rows_written_total", { source }, rowsWritten);
    return results;
  });
}
