/** D1 as the store is given it: what fails for a moment is tried again, what D1 bills is counted, and each trip is a span. */
import type { Database } from "../store/database/database.ts";
import { meteredDatabase } from "../store/database/metered-database.ts";
import { retryingDatabase } from "../store/database/retrying-database.ts";
import { tracedDatabase } from "../store/database/traced-database.ts";
import type { Source } from "../telemetry/metrics.ts";
import { unixSeconds, wait } from "./clock.ts";
import type { Telemetry } from "./workers.ts";

export function retryingD1(
  db: Database,
  { metrics, tracer }: Pick<Telemetry, "metrics" | "tracer">,
  source: Source,
): Database {
  const retrying = retryingDatabase(db, {
    random: () => Math.random(),
    now: unixSeconds,
    pause: wait,
    retried: () => metrics.add("d1_retries_total", { source }),
  });
  return tracedDatabase(meteredDatabase(retrying, metrics, source), tracer);
}
