/** Time series: a metric with its labels, and what was added to it. */
import { BUCKETS, COUNTED, type CountedName } from "./metrics.ts";

export interface Series {
  name: CountedName;
  /** In the order of the list of metrics. */
  labels: Readonly<Record<string, string>>;
  /**
   * A counter has one amount. A histogram has the sum of its seconds, and then the number of observations in each bucket, without
   * those of smaller buckets. The last bucket has no bound.
   */
  amounts: number[];
}

export const AMOUNTS = { counter: 1, histogram: BUCKETS.length + 2 } as const;

/** Returns what tells a series from all others. */
export function keyOf({ name, labels }: Pick<Series, "name" | "labels">): string {
  let key: string = name;
  for (const label in labels) key += ` ${labels[label]}`;
  return key;
}

/** Returns every combination of label values that a metric may have. */
export function labelSets(name: CountedName): Record<string, string>[] {
  const labels: Record<string, readonly string[]> = COUNTED[name].labels;
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (sets, [label, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value }))),
    [{}],
  );
}

/** Returns the bucket of an observation, counted from 0. */
export function bucketOf(seconds: number): number {
  const at = BUCKETS.findIndex((bound) => seconds <= bound);
  return at === -1 ? BUCKETS.length : at;
}

/** Returns what is wrong with a series that another deployment may have sent or stored; undefined: nothing. */
export function problemWith({ name, labels, amounts }: Series): string | undefined {
  if (!Object.hasOwn(COUNTED, name)) return `${JSON.stringify(name)} is not in the list of metrics`;
  const { type, labels: allowed } = COUNTED[name];
  if (Object.keys(labels).join() !== Object.keys(allowed).join())
    return `${name} has the labels ${Object.keys(allowed).join(", ")}, not ${JSON.stringify(labels)}`;
  for (const [label, values] of Object.entries<readonly string[]>(allowed))
    if (!values.includes(labels[label] ?? ""))
      return `${label} of ${name} is one of ${values.join(", ")}, not ${JSON.stringify(labels[label])}`;
  const counts = type === "counter" ? amounts : amounts.slice(1);
  const isWhole = counts.every((count) => Number.isSafeInteger(count) && count >= 0);
  const isSum = amounts.every((amount) => Number.isFinite(amount) && amount >= 0);
  const isSome = counts.some((count) => count > 0);
  if (amounts.length === AMOUNTS[type] && isWhole && isSum && isSome) return undefined;
  return `${name} grows by integers from 1, not by ${JSON.stringify(amounts)}`;
}
