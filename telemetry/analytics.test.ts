import { expect, it } from "vitest";
import { dataPoints, LAYOUT, PLAIN_COUNTERS } from "./analytics.ts";
import { Counts } from "./counts.ts";
import { KINDS, REASONS } from "./labels.ts";
import { COUNTED, type CountedName } from "./metrics.ts";
import { AMOUNTS, labelSets } from "./series.ts";

/** https://developers.cloudflare.com/analytics/analytics-engine/limits/ */
const LIMITS = { blobs: 20, doubles: 20, indexes: 1, points: 250 };

it("counters share the point of their source; others have one for each first label", () => {
  const counts = new Counts();
  counts.add("d1_rows_read_total", { source: "http" }, 7);
  counts.add("clients_limited_total", { source: "http" }, 2);
  counts.add("d1_rows_read_total", { source: "cron" }, 1);
  counts.add("events_stored_total", { source: "http", kind: "1" }, 3);
  counts.add("events_stored_total", { source: "http", kind: "other" }, 4);
  counts.add("events_refused_total", { source: "http", reason: "invalid" }, 5);
  counts.observe("message_seconds", { verb: "REQ" }, 0.02);
  const told = dataPoints(counts.list()).map(({ indexes, blobs, doubles }) => {
    expect([blobs[0], indexes]).toEqual([LAYOUT, [blobs[1]]]);
    const columns: readonly string[] =
      { counters: PLAIN_COUNTERS, events_stored_total: KINDS, events_refused_total: REASONS }[
        blobs[1] ?? ""
      ] ?? doubles.map((_, at) => String(at));
    return [
      blobs.slice(1),
      Object.fromEntries(doubles.flatMap((n, at) => (n === 0 ? [] : [[columns[at], n]]))),
    ];
  });
  expect(told).toEqual([
    [["counters", "http"], { clients_limited_total: 2, d1_rows_read_total: 7 }],
    [["counters", "cron"], { d1_rows_read_total: 1 }],
    [["events_stored_total", "http"], { 1: 3, other: 4 }],
    [["events_refused_total", "http"], { invalid: 5 }],
    [["message_seconds", "REQ"], { 0: 0.02, 2: 1 }],
  ]);
});

it("all counts at once are within the limits of a point and of an invocation", () => {
  const all = (Object.keys(COUNTED) as CountedName[]).flatMap((name) =>
    labelSets(name).map((labels) => ({
      name,
      labels,
      amounts: Array<number>(AMOUNTS[COUNTED[name].type]).fill(1),
    })),
  );
  const points = dataPoints(all);
  // An invocation of a hub may send twice: what could not be sent before, and what is new.
  expect(2 * points.length).toBeLessThanOrEqual(LIMITS.points);
  for (const { indexes, blobs, doubles } of points) {
    expect(indexes).toHaveLength(LIMITS.indexes);
    expect(blobs.length).toBeLessThanOrEqual(LIMITS.blobs);
    expect(doubles.length).toBeLessThanOrEqual(LIMITS.doubles);
  }
  // No count replaced another.
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
  expect(sum(points.flatMap(({ doubles }) => doubles))).toBe(sum(all.flatMap(({ amounts }) => amounts)));
});
