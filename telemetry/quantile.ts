/** Percentiles of a histogram. */
import { BUCKETS } from "./metrics.ts";

/**
 * Returns an estimate of a quantile, as `histogram_quantile` of Prometheus does: evenly spread within a bucket. Undefined if there
 * was no observation. Beyond the last bound, it is that bound.
 */
export function quantile(share: number, buckets: readonly number[]): number | undefined {
  const count = buckets.reduce((sum, amount) => sum + amount, 0);
  if (count === 0) return undefined;
  let before = 0;
  for (const [at, amount] of buckets.entries()) {
    const from = BUCKETS[at - 1] ?? 0;
    const to = BUCKETS[at];
    if (to === undefined) return from;
    if (amount > 0 && before + amount >= share * count)
      return from + (to - from) * Math.max(0, (share * count - before) / amount);
    before += amount;
  }
  return undefined;
}
