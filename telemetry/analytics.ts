/** Counts as data points of Analytics Engine. docs/analytics.md describes them, and has the queries. */
import { COUNTED, type CountedName } from "./metrics.ts";
import type { Series } from "./series.ts";

/** The version of this layout. Points live for three months, so a query must be able to tell old ones from new ones. */
export const LAYOUT = "2";

/** The name of points with all counters that have the label `source` alone. */
export const COUNTERS = "counters";

export interface DataPoint {
  indexes: string[];
  blobs: string[];
  doubles: number[];
}

const NAMES = Object.keys(COUNTED) as CountedName[];

/** The columns of each counter that has a second label: its values. */
function columnsOf(name: CountedName): readonly string[] | undefined {
  return Object.values<readonly string[]>(COUNTED[name].labels)[1];
}

/** Counters with the label `source` alone. They share points, because points are billed. */
export const PLAIN_COUNTERS = NAMES.filter((name) => COUNTED[name].type === "counter" && !columnsOf(name));

/**
 * Returns the points of these counts. Each has the layout, a name and the first label, and its name is the sampling index too.
 * - `counters`: the doubles are the counters with the label `source` alone.
 * - Another counter: the doubles are the values of its second label.
 * - A histogram: the doubles are the sum of its seconds and its buckets.
 */
export function dataPoints(all: readonly Series[]): DataPoint[] {
  const points = new Map<string, DataPoint>();
  for (const { name, labels, amounts } of all) {
    const [first = "", second] = Object.values(labels);
    if (COUNTED[name].type === "histogram") {
      point(points, name, first).doubles = amounts;
      continue;
    }
    const columns = second === undefined ? PLAIN_COUNTERS : (columnsOf(name) ?? []);
    const { doubles } = point(points, second === undefined ? COUNTERS : name, first);
    while (doubles.length < columns.length) doubles.push(0);
    doubles[columns.findIndex((column) => column === (second ?? name))] = amounts[0] ?? 0;
  }
  return [...points.values()];
}

function point(points: Map<string, DataPoint>, name: string, label: string): DataPoint {
  const key = `${name} ${label}`;
  const made = points.get(key) ?? { indexes: [name], blobs: [LAYOUT, name, label], doubles: [] };
  points.set(key, made);
  return made;
}
