/**
 * The minute job. It removes expired events (NIP-40), which are already hidden. It finishes interrupted deletions, requests
 * to vanish and bans (NIP-09, NIP-62, NIP-86). It removes events that are too old (RETENTION), and warns the operator when the database fills up.
 */
import type { ModerationStore } from "../store/moderation/moderation.ts";
import type { Store } from "../store/store.ts";
import type { StoreSize } from "../store/database/store-size.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Retention } from "./retention.ts";
import type { Tracer } from "../telemetry/tracing.ts";

interface SweepDeps {
  store: Pick<
    Store,
    "removeExpired" | "prune" | "vanishing" | "removeVanished" | "unfinishedDeletions" | "finishDeletion"
  >;
  moderation: Pick<ModerationStore, "unemptied" | "removeEventsOf">;
  size: Pick<StoreSize, "warning">;
  retention: Retention;
  /** Unix seconds. */
  now(): number;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Writes to the operator's log. */
  report(error: unknown): void;
  metrics: Metrics;
  tracer: Tracer;
}

/** Maximum events of one step, and steps of one sweep. The rest waits for the next minute. */
const AT_ONCE = 200;
const MOST_ROUNDS = 100;
/** Maximum number of events that one sweep looks at because of their age. */
const MOST_PRUNED = 5000;

export function sweep(deps: SweepDeps): Promise<void> {
  const { size, now, report, tracer } = deps;
  return tracer.span("sweep", {}, async (span) => {
    try {
      span.set("events", await removeAll(deps));
    } finally {
      const warning = size.warning(now());
      if (warning !== undefined) report(warning);
    }
  });
}

/** Returns how many events have expired or were too old. */
async function removeAll({ store, moderation, retention, now, pause, metrics }: SweepDeps): Promise<number> {
  // Others are served between two steps.
  const breathe = () => pause(1);
  let total = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const { removed, more } = await store.removeExpired(now(), AT_ONCE);
    metrics.add("events_expired_total", { source: "cron" }, removed);
    total += removed;
    if (!more) break;
    await breathe();
  }
  for (const id of await store.unfinishedDeletions()) await store.finishDeletion(id, breathe);
  for (const pubkey of await store.vanishing()) await store.removeVanished(pubkey, breathe);
  for (const pubkey of await moderation.unemptied()) await moderation.removeEventsOf(pubkey, breathe);
  for (const [rules, isPulled] of [
    [retention.pulled, true],
    [retention.all, false],
  ] as const) {
    const pruned = await store.prune({ rules, isPulled, now: now(), most: MOST_PRUNED }, breathe);
    metrics.add("events_pruned_total", { source: "cron" }, pruned);
    total += pruned;
  }
  return total;
}
