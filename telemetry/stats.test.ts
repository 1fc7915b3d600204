import { expect, it } from "vitest";
import { samplesInMemory } from "../tests/fixtures/samples.ts";
import { Counts } from "./counts.ts";
import { costsOf } from "./costs.ts";
import { PRICES } from "./prices.ts";
import { quantile } from "./quantile.ts";
import { Sums } from "./sums.ts";

const START = Date.UTC(2025, 11, 15) / 1000;

it("has the increase of each step, null where nothing was reported, and the percentiles", () => {
  const sums = new Sums(samplesInMemory());
  const report = (at: number, stored: number, seconds?: number) => {
    const counts = new Counts();
    counts.add("events_stored_total", { source: "http", kind: "1" }, stored);
    counts.add("slow_clients_total", { source: "websocket" });
    if (seconds !== undefined) counts.observe("commit_seconds", { source: "http" }, seconds);
    sums.add(
      { version: 3, series: counts.take(), gauges: { of: "hub", values: { connections: stored } } },
      at,
    );
  };
  report(START, 5, 0.02);
  report(START + 60, 0);
  report(START + 180, 7);
  const { times, counters, gauges, latencies, step } = sums.stats("hour", START + 241);
  expect([step, times.length, times.at(-1)]).toEqual([60, 60, START + 180]);
  const last = <T>(values?: T[]) => values?.slice(-5);
  const counter = (name: string) => last(counters.find((one) => one.name === name)?.values);
  expect(counter("events_stored_total")).toEqual([null, 5, 0, null, 7]);
  expect(counter("slow_clients_total")).toEqual([null, 1, 1, null, 1]);
  expect(counter("events_pruned_total")).toBeUndefined();
  expect(last(gauges.find(({ name }) => name === "connections")?.values)).toEqual([null, 5, 0, null, 7]);
  expect(latencies.map(({ name, labels }) => [name, labels])).toEqual([
    ["commit_seconds", { source: "http" }],
  ]);
  expect(last(latencies[0]?.p50)).toEqual([null, expect.closeTo(0.02), null, null, null]);
});

it.each([
  [0.5, [0, 0, 0, 0, 0, 0, 0, 0], undefined],
  [0.5, [10, 0, 0, 0, 0, 0, 0, 0], 0.005],
  [0.99, [99, 0, 0, 0, 0, 1, 0, 0], 0.01],
  [1, [99, 0, 0, 0, 0, 1, 0, 0], 3],
  [0.99, [1, 0, 0, 0, 0, 0, 0, 99], 10],
])("the quantile %f of %j is %f", (share, buckets, expected) => {
  const found = quantile(share, buckets);
  expect(found === undefined ? undefined : Math.round(1e6 * found) / 1e6).toBe(expected);
});

it("today costs what the month costs more because of it", () => {
  const [month, today] = [new Counts(), new Counts()];
  const { included, amount, dollars } = PRICES.rowsWritten;
  today.add("d1_rows_written_total", { source: "http" }, 2 * amount);
  month.add("d1_rows_written_total", { source: "http" }, included + amount);
  const costs = costsOf(month, today);
  expect(costs.used).toMatchObject({ rowsWritten: included + amount, requests: 0 });
  expect(costs.month.rowsWritten).toBeCloseTo(dollars);
  // A half of it was still included.
  expect(costs.today.rowsWritten).toBeCloseTo(dollars);
  month.add("d1_rows_written_total", { source: "http" }, amount);
  expect(costsOf(month, today).today.rowsWritten).toBeCloseTo(2 * dollars);
  expect(costs.month.requests).toBe(0);
});

it("what anybody may know tells nothing about private events", () => {
  const sums = new Sums(samplesInMemory());
  const store = (kind: "1" | "1059" | "other", at: number) => {
    const counts = new Counts();
    counts.add("events_stored_total", { source: "websocket", kind });
    sums.add({ version: 3, series: counts.take() }, at);
  };
  store("1059", START + 10);
  expect(sums.publicFigures(START + 20)).toEqual({ connections: 0, eventsToday: 0, lastEventAt: null });
  store("1", START + 30);
  store("other", START + 40);
  store("1059", START + 50);
  expect(sums.publicFigures(START + 60)).toMatchObject({ eventsToday: 2, lastEventAt: START + 40 });
  expect(sums.publicFigures(START + 86_400)).toMatchObject({ eventsToday: 0, lastEventAt: START + 40 });
});
