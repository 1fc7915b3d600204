import { expect, it } from "vitest";
import { SUMS } from "../tests/fixtures/recorded.ts";
import { samplesInMemory } from "../tests/fixtures/samples.ts";
import type { Report } from "./report.ts";
import type { Series } from "./series.ts";
import { Sums } from "./sums.ts";

const NOW = 1_764_374_400;
const GOOD: Series = { name: "events_stored_total", labels: { source: "http", kind: "1" }, amounts: [2] };
const NONE = { connections: 0, subscriptions: 0 };
const SECONDS: Series = {
  name: "message_seconds",
  labels: { verb: "REQ" },
  amounts: [0.5, 0, 0, 0, 0, 1, 0, 0, 0],
};

it("stores what it reads again", () => {
  const sums = new Sums(samplesInMemory());
  sums.add({ version: 3, series: [GOOD, SECONDS], gauges: { of: "a", values: { connections: 2 } } }, NOW);
  sums.add({ version: 3, series: [GOOD] }, NOW);
  const read = new Sums(samplesInMemory(), structuredClone(sums.stored()));
  expect(read.figures(NOW)).toEqual({
    series: [{ ...GOOD, amounts: [4] }, SECONDS],
    gauges: { connections: 2, subscriptions: 0 },
  });
});

it("drops metrics that are no longer in the list", () => {
  const names = new Sums(samplesInMemory(), SUMS.current as never)
    .figures(NOW)
    .series.map(({ name }) => name);
  expect(names).toEqual(["events_stored_total", "events_would_refuse_total", "clients_would_refuse_total"]);
});

it("a reporter replaces its own gauges, those of all are summed, and old ones are forgotten", () => {
  const sums = new Sums(samplesInMemory());
  const say = (of: string, connections: number, at: number) =>
    sums.add({ version: 3, series: [GOOD], gauges: { of, values: { connections } } }, at);
  say("a", 2, NOW);
  say("b", 5, NOW + 1000);
  say("a", 3, NOW + 2000);
  expect(sums.figures(NOW + 2000).gauges).toEqual({ connections: 8, subscriptions: 0 });
  expect(sums.figures(NOW + 4700).gauges).toEqual({ connections: 3, subscriptions: 0 });
  expect(sums.figures(NOW + 9000).gauges).toEqual(NONE);
});

it.each<[Partial<Report>, RegExp]>([
  [{ version: 4 as never }, /version 4/],
  [{ series: [{ ...GOOD, name: "made_up_total" as never }] }, /"made_up_total" is not in the list/],
  [{ series: [{ ...GOOD, labels: { source: "http" } }] }, /has the labels source, kind/],
  [{ series: [{ ...GOOD, labels: { source: "cron", kind: "1" } }] }, /one of websocket, http, queue/],
  [
    { series: [{ ...GOOD, labels: { source: "http", kind: "2" } }] },
    /kind of events_stored_total is one of 0, 1/,
  ],
  [{ series: [{ ...GOOD, amounts: [0] }] }, /grows by integers from 1/],
  [{ series: [{ ...GOOD, amounts: [1.5] }] }, /grows by/],
  [{ series: [{ ...GOOD, amounts: [Number.NaN] }] }, /grows by/],
  [{ series: [{ ...GOOD, amounts: [1, 1] }] }, /grows by/],
  [{ series: [{ ...SECONDS, amounts: [-1, 0, 0, 0, 0, 1, 0, 0, 0] }] }, /message_seconds grows by/],
  [{ series: [{ ...SECONDS, amounts: [1] }] }, /grows by/],
  [{ gauges: { of: "a", values: { made_up: 1 } as never } }, /"made_up" is not a reported gauge/],
  [{ gauges: { of: "a", values: { connections: -1 } } }, /connections is an integer from 0/],
  [{ gauges: { of: "a".repeat(101), values: {} } }, /name of a reporter has 101 characters/],
])("refuses %j, with all that came with it", (bad, problem) => {
  const sums = new Sums(samplesInMemory());
  const report: Report = { version: 3, series: [GOOD], ...bad };
  expect(() => sums.add({ ...report, series: [GOOD, ...report.series] }, NOW)).toThrow(problem);
  expect(sums.figures(NOW)).toEqual({ series: [], gauges: NONE });
});
