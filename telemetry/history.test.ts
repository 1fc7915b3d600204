import { expect, it } from "vitest";
import { samplesInMemory } from "../tests/fixtures/samples.ts";
import { History } from "./history.ts";
import type { Series } from "./series.ts";
import { type RangeName, RANGES } from "./stats-answer.ts";

/** The beginning of a month. */
const START = Date.UTC(2025, 11, 1) / 1000;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

const stored = (amount: number): Series[] => [
  { name: "events_stored_total", labels: { source: "http", kind: "1" }, amounts: [amount] },
];

function amountsOf(history: History, range: RangeName, now: number): Record<number, number> {
  const samples = [...history.range(range, now)];
  const total = (series: Series[]) => series.reduce((sum, { amounts: [n = 0] }) => sum + n, 0);
  return Object.fromEntries(samples.map(([at, { series }]) => [(at - START) / MINUTE, total(series)]));
}

it("a minute is a sample when it is over, and a quarter has the sum of its minutes", () => {
  const history = new History(samplesInMemory());
  history.add(stored(1), { connections: 1 }, START);
  history.add(stored(2), { connections: 2 }, START + 59);
  expect(amountsOf(history, "hour", START + 59)).toEqual({});
  expect(amountsOf(history, "hour", START + 60)).toEqual({ 0: 3 });
  history.add(stored(4), { connections: 3 }, START + 14 * MINUTE);
  expect(amountsOf(history, "day", START + 14 * MINUTE)).toEqual({});
  expect(amountsOf(history, "day", START + 15 * MINUTE)).toEqual({ 0: 7 });
  const [sample] = history.range("day", START + 15 * MINUTE).values();
  expect(sample?.gauges).toEqual({ connections: 3 });
});

it("what nobody looked at for long is summed all the same", () => {
  const history = new History(samplesInMemory());
  history.add(stored(5), {}, START + 16 * MINUTE);
  history.add(stored(2), {}, START + 9 * HOUR);
  expect(amountsOf(history, "month", START + 9 * HOUR)).toEqual({ 0: 5 });
  expect(amountsOf(history, "day", START + 9 * HOUR)).toEqual({ 15: 5 });
  expect(amountsOf(history, "hour", START + 9 * HOUR)).toEqual({});
  expect(amountsOf(history, "month", START + 12 * HOUR)).toEqual({ 0: 5, 480: 2 });
});

it("the sum since a time counts everything once, at any moment", () => {
  const history = new History(samplesInMemory());
  let [now, total] = [START, 0];
  for (let n = 1; n < 300; n += 1) {
    history.add(stored(n), {}, now);
    total += n;
    expect(history.since(START, now).total("events_stored_total")).toBe(total);
    // Seven minutes and a bit: every quarter, and every four hours, is met somewhere else.
    now += 433;
    expect(history.since(START, now).total("events_stored_total")).toBe(total);
  }
});

it("keeps a bounded number of samples, and writes few rows", () => {
  const samples = samplesInMemory();
  const history = new History(samples);
  const days = 40;
  for (let now = START; now < START + days * DAY; now += MINUTE) history.add(stored(1), {}, now);
  const { hour, day, month } = RANGES;
  expect(samples.rows.size).toBe(hour.steps + day.steps + month.steps);
  expect(samples.written / days).toBeCloseTo(1440 + 96 + 6, 0);
  // 31 days are always there.
  const end = START + days * DAY;
  expect(month.step * month.steps).toBe(31 * DAY);
  expect(history.since(end - 31 * DAY, end).total("events_stored_total")).toBe(31 * 1440);
});

it("goes on after a reset where it was saved", () => {
  const samples = samplesInMemory();
  const history = new History(samples);
  history.add(stored(1), { connections: 4 }, START + 14 * MINUTE);
  history.add(stored(2), { connections: 5 }, START + 15 * MINUTE);
  const again = new History(samples, structuredClone(history.open()));
  expect(amountsOf(again, "day", START + 30 * MINUTE)).toEqual({ 0: 1, 15: 2 });
  expect(amountsOf(again, "hour", START + 30 * MINUTE)).toEqual({ 14: 1, 15: 2 });
});
