/** Tells statistics from other answers. */
import { RANGES, type StatsAnswer } from "../../../telemetry/stats-answer.ts";

/** Returns whether an answer has the lists that the charts draw, each as long as its times. */
export function isStats(answer: unknown): answer is StatsAnswer {
  const { range, step, times, counters, gauges, latencies, costs } = answer as Record<string, unknown>;
  if (!Object.hasOwn(RANGES, String(range)) || typeof step !== "number" || !Array.isArray(times))
    return false;
  const isLong = (list: unknown) => Array.isArray(list) && list.length === times.length;
  const hasLists = (all: unknown, ...names: string[]) =>
    Array.isArray(all) && all.every((one) => names.every((name) => isLong(one[name])));
  const { today, month, used } = (costs ?? {}) as Record<string, unknown>;
  return (
    hasLists(counters, "values") &&
    hasLists(gauges, "values") &&
    hasLists(latencies, "p50", "p99") &&
    [today, month, used].every((items) => typeof items === "object" && items !== null)
  );
}
