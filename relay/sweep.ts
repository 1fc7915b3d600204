/** What runs every minute: events that have expired are removed (NIP-40). Nobody was shown them since they did. */
import type { Store } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracer } from "../telemetry/tracing.ts";

export interface SweepDeps {
  store: Pick<Store, "removeExpired">;
  /** Unix seconds. */
  now(): number;
  metrics: Metrics;
  tracer: Tracer;
}

/** Events removed by one statement, and statements of one sweep: what is left waits for the next minute. */
const AT_ONCE = 200;
const MOST_ROUNDS = 50;

export function sweep({ store, now, metrics, tracer }: SweepDeps): Promise<void> {
  return tracer.span("sweep", {}, async (span) => {
    let total = 0;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const { removed, cost } = await store.removeExpired(now(), AT_ONCE);
      metrics.add("events_expired_counts", "cron", removed);
      metrics.add("d1_rows_read", "cron", cost.rowsRead);
      metrics.add("d1_rows_written", "cron", cost.rowsWritten);
      total += removed;
      if (removed < AT_ONCE) break;
    }
    span.set("events", total);
  });
}
