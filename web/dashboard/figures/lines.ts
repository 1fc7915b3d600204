/** The lines of a chart, from the statistics. */
import type { StatsAnswer } from "../../../telemetry/stats-answer.ts";

export interface Line {
  key: string;
  label: string;
  /** One of each step. null: nothing is known of it. */
  values: (number | null)[];
}

/** The most lines that can be told apart by colour. What is less becomes one line. */
const MOST_LINES = 7;

type Named = (value: string) => string;

/** Returns a line for each value of a label of a counter, in amounts a second. The order stays, so that the colours do. */
export function ratesBy(stats: StatsAnswer, name: string, label: string, named: Named = String): Line[] {
  const sums = new Map<string, (number | null)[]>();
  for (const { labels, values } of stats.counters.filter((counter) => counter.name === name)) {
    const key = labels[label] ?? "";
    sums.set(key, addLists(sums.get(key), values));
  }
  const lines = [...sums].map(([key, values]) => ({
    key,
    label: named(key),
    values: values.map((value) => (value === null ? null : value / stats.step)),
  }));
  return withoutMany(lines);
}

/** Returns a line for a whole counter, in amounts a second. Without it nothing was counted, which is 0 where anything was reported. */
export function rateOf(
  stats: StatsAnswer,
  name: string,
  label: string,
  of: Record<string, string> = {},
): Line {
  const counters = stats.counters.filter(
    (counter) =>
      counter.name === name && Object.entries(of).every(([key, value]) => counter.labels[key] === value),
  );
  const none = isReported(stats).map((reported) => (reported ? 0 : null));
  const values = counters.reduce<(number | null)[]>((sum, counter) => addLists(sum, counter.values), none);
  return {
    key: `${name} ${label}`,
    label,
    values: values.map((value) => (value === null ? null : value / stats.step)),
  };
}

export function gaugeOf(stats: StatsAnswer, name: string, label: string): Line {
  const gauge = stats.gauges.find((one) => one.name === name);
  return { key: name, label, values: gauge?.values ?? stats.times.map(() => null) };
}

/** Returns a line for each value of a label of a histogram, in seconds. */
export function timesBy(
  stats: StatsAnswer,
  { name, label, share }: { name: string; label: string; share: "p50" | "p99" },
  named: Named = String,
): Line[] {
  const known = (line: Line) => line.values.filter((value) => value !== null).length;
  const lines = stats.latencies
    .filter((one) => one.name === name)
    .map((one) => {
      const key = one.labels[label] ?? "";
      return { key, label: named(key), values: one[share] };
    });
  return inOrder(lines.toSorted((a, b) => known(b) - known(a)).slice(0, MOST_LINES));
}

/** Returns whether anything was reported in each step: then the relay ran. */
export function isReported(stats: StatsAnswer): boolean[] {
  return stats.times.map(
    (_, at) =>
      stats.counters.some(({ values }) => values[at] !== null) ||
      stats.gauges.some(({ values }) => values[at] !== null),
  );
}

export function lastOf({ values }: Line): number | null {
  return values.at(-1) ?? null;
}

/** Returns the last value that is known. */
export function lastKnown({ values }: Line): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** Returns the sums of all lines in each step; null if none knows anything. */
export function sumOf(lines: readonly Line[]): (number | null)[] {
  return lines.reduce<(number | null)[]>((sum, { values }) => addLists(sum, values), []);
}

function withoutMany(lines: Line[]): Line[] {
  if (lines.length <= MOST_LINES) return inOrder(lines);
  const byTotal = lines.toSorted((a, b) => total(b) - total(a));
  const rest = byTotal.slice(MOST_LINES - 1);
  return [
    ...inOrder(byTotal.slice(0, MOST_LINES - 1)),
    { key: "rest", label: `${rest.length} others`, values: sumOf(rest) },
  ];
}

function inOrder(lines: Line[]): Line[] {
  return lines.toSorted((a, b) => a.key.localeCompare(b.key, "en", { numeric: true }));
}

function total({ values }: Line): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

function addLists(sum: (number | null)[] | undefined, values: readonly (number | null)[]): (number | null)[] {
  return values.map((value, at) => {
    const before = sum?.[at] ?? null;
    return value === null ? before : before === null ? value : before + value;
  });
}
