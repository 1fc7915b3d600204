/**
 * What runs every minute: events that have expired are removed (NIP-40), which nobody was shown since they did; and so
 * is what the requests to vanish have left that were interrupted (NIP-62).
 */
import type { Cost } from "../store/database.ts";
import type { Store } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracer } from "../telemetry/tracing.ts";

export interface SweepDeps {
  store: Pick<Store, "removeExpired" | "vanishing" | "removeVanished">;
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
    const count = ({ rowsRead, rowsWritten }: Cost) => {
      metrics.add("d1_rows_read", "cron", rowsRead);
      metrics.add("d1_rows_written", "cron", rowsWritten);
    };
    let total = 0;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const { removed, cost } = await store.removeExpired(now(), AT_ONCE);
      metrics.add("events_expired_counts", "cron", removed);
      count(cost);
      total += removed;
      if (removed < AT_ONCE) break;
    }
    span.set("events", total);
    for (const pubkey of await store.vanishing()) count(await store.removeVanished(pubkey));
  });
}
