/** Records a span for each statement and batch that goes to the database, without its text and values. */
import type { Attributes, Tracer } from "../../telemetry/tracing.ts";
import { costOf, type Database } from "./database.ts";
import { type Prepared, wrapDatabase } from "./wrapped-database.ts";

/** As Cloudflare's own tracing calls it. */
const SYSTEM = "cloudflare-d1";

export function tracedDatabase(db: Database, tracer: Tracer): Database {
  return wrapDatabase(db, (statements, run) =>
    tracer.span("query", { kind: "client", peer: "d1", isPart: true }, async (span) => {
      if (span.isSampled === undefined) return run();
      for (const [name, value] of Object.entries(about(statements))) span.set(name, value);
      const results = await run();
      const { rowsRead, rowsWritten } = costOf(results);
      span.set("d1.rows_read", rowsRead);
      span.set("d1.rows_written", rowsWritten);
      const attempts = Math.max(...results.map(({ meta }) => meta.total_attempts ?? 1));
      if (attempts > 1) span.set("d1.attempts", attempts);
      return results;
    }),
  );
}

function about(statements: readonly Pick<Prepared, "sql">[]): Attributes {
  const operations = new Set(statements.map(({ sql }) => operationOf(sql)));
  const [only = ""] = operations;
  const isBatch = statements.length > 1;
  const same = operations.size === 1 ? only : "";
  return {
    "db.system.name": SYSTEM,
    "db.operation.name": isBatch ? `BATCH ${same}`.trim() : only,
    ...(isBatch && { "db.operation.batch.size": statements.length }),
  };
}

/** Returns the first word: SELECT, WITH, INSERT and so on. */
function operationOf(sql: string): string {
  return /\w+/.exec(sql)?.[0].toUpperCase() ?? "";
}
