/** D1 as the store is given it: what fails for a moment is tried again, and what D1 bills is counted. */
import type { Database } from "../store/database.ts";
import { meteredDatabase } from "../store/metered-database.ts";
import { retryingDatabase } from "../store/retrying-database.ts";
import type { Metrics, Source } from "../telemetry/metrics.ts";
import { unixSeconds, wait } from "./clock.ts";

export function retryingD1(db: Database, metrics: Metrics, source: Source): Database {
  const retrying = retryingDatabase(db, {
    random: () => Math.random(),
    now: unixSeconds,
    pause: wait,
    retried: () => metrics.add("d1_retries_total", { source }),
  });
  return meteredDatabase(retrying, metrics, source);
}
