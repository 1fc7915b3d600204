/** The minute job of the relay: it removes expired and old events, tests itself and sends alerts. */
import { retentionOf } from "../relay/retention.ts";
import { sweep } from "../relay/sweep.ts";
import { createModerationStore } from "../store/moderation/sql-moderation.ts";
import { createStore } from "../store/sql/sql-store.ts";
import { unixSeconds, wait } from "./clock.ts";
import { report } from "./report.ts";
import { retryingD1 } from "./retrying-d1.ts";
import { type WatchDeps, watchRelay } from "./watch-relay.ts";

/** `scheduledTime` is in Unix milliseconds. Rejects if the sweep fails, after the watch. */
export async function minuteJob(deps: WatchDeps, scheduledTime: number): Promise<void> {
  const { config, size, telemetry } = deps;
  const { metrics, tracer } = telemetry;
  metrics.add("invocations_total", { source: "cron" });
  const db = retryingD1(deps.db, telemetry, "cron");
  const watching = watchRelay({ ...deps, db }, scheduledTime);
  try {
    await sweep({
      store: createStore(db),
      moderation: createModerationStore(db),
      now: unixSeconds,
      size,
      retention: retentionOf(config),
      pause: wait,
      report,
      metrics,
      tracer,
    });
  } finally {
    // If the sweep fails, the watch is needed above all.
    await watching;
  }
}
