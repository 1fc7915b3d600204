/** The answer of `GET /api/v1/stats`, from the samples of the history. */
import type { Sample } from "./history.ts";
import { COUNTED, type CountedName } from "./metrics.ts";
import { quantile } from "./quantile.ts";
import { GAUGES_OF_REPORT } from "./report.ts";
import { keyOf, problemWith, type Series } from "./series.ts";
import { type RangeName, RANGES, type StatsAnswer } from "./stats-answer.ts";

/** Returns the beginnings of the steps of a range that are over. */
export function timesOf(range: RangeName, now: number): number[] {
  const { step, steps } = RANGES[range];
  const end = now - (now % step);
  return Array.from({ length: steps }, (_, n) => end - step * (steps - n));
}

/** Returns what was counted in the steps of a range that are over. */
export function statsOf(
  range: RangeName,
  samples: ReadonlyMap<number, Sample>,
  now: number,
): Omit<StatsAnswer, "costs"> {
  const { step } = RANGES[range];
  const times = timesOf(range, now);
  const present = times.map((time) => samples.get(time));
  const byKey = present.map((sample) => new Map(sample?.series.map((series) => [keyOf(series), series])));
  const kinds = new Map(
    present
      .flatMap((sample) => sample?.series ?? [])
      // A metric may have been removed since.
      .filter((series) => problemWith(series) === undefined)
      .map((series) => [keyOf(series), series]),
  );
  const ofType = (type: string) =>
    [...kinds].filter(([, { name }]) => COUNTED[name as CountedName].type === type);
  const amountsOf = (key: string) => byKey.map((series) => series.get(key)?.amounts);
  return {
    range,
    step,
    times,
    counters: ofType("counter").map(([key, series]) => ({
      ...named(series),
      values: amountsOf(key).map((amounts, at) => (present[at] ? (amounts?.[0] ?? 0) : null)),
    })),
    gauges: GAUGES_OF_REPORT.map((name) => ({
      name,
      labels: {},
      values: present.map((sample) => sample?.gauges[name] ?? null),
    })),
    latencies: ofType("histogram").map(([key, series]) => ({
      ...named(series),
      p50: amountsOf(key).map((amounts) => quantile(0.5, amounts?.slice(1) ?? []) ?? null),
      p99: amountsOf(key).map((amounts) => quantile(0.99, amounts?.slice(1) ?? []) ?? null),
    })),
  };
}

function named({ name, labels }: Series) {
  return { name, labels };
}
