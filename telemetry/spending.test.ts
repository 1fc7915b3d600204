import { expect, it } from "vitest";
import { samplesInMemory } from "../tests/fixtures/samples.ts";
import { Counts } from "./counts.ts";
import { PRICES } from "./prices.ts";
import { MARKS, type SpendingLevel } from "./spending.ts";
import { Sums } from "./sums.ts";

const START = Date.UTC(2025, 11, 1) / 1000;
const HOUR = 3600;
const DAY = 24 * HOUR;
const LIMIT = 10;
const { included, amount } = PRICES.rowsWritten;

const rows = (count: number) => {
  const counts = new Counts();
  counts.add("d1_rows_written_total", { source: "http" }, count);
  return { version: 3 as const, series: counts.take() };
};

/** Writes rows each hour, as many as the level allows, and returns when each level began, in hours. */
function spend(sums: Sums, hourly: (level: SpendingLevel) => number, hours: number) {
  const began: [SpendingLevel, number][] = [];
  for (let hour = 0; hour < hours; hour += 1) {
    const now = START + hour * HOUR;
    const level = sums.spending(now)?.level ?? "free";
    if (began.at(-1)?.[0] !== level) began.push([level, hour]);
    sums.add(rows(hourly(level)), now + 1);
  }
  return began;
}

it("a month that would cost too much goes through all levels, and stays below the limit", () => {
  const samples = samplesInMemory();
  const sums = new Sums(samples, undefined, LIMIT);
  sums.add(rows(included), START);
  // 50,000 rows are five cents.
  const steady = (level: SpendingLevel) => (level === "stopped" ? 100 : 50_000);
  const began = spend(sums, steady, 31 * 24);
  expect(began.map(([level]) => level)).toEqual(["free", "no-pulls", "slow", "stopped"]);
  expect(began.map(([, hour]) => hour / (LIMIT / 0.05))).toEqual([
    0,
    expect.closeTo(MARKS["no-pulls"].spent, 1),
    expect.closeTo(MARKS.slow.spent, 1),
    expect.closeTo(MARKS.stopped.spent, 1),
  ]);
  const last = START + 31 * DAY - 1;
  expect(sums.spending(last)?.spent).toBeLessThan(LIMIT);
  // A reset of the object changes nothing, and a new month does.
  const again = new Sums(samples, structuredClone(sums.stored()), LIMIT);
  expect(again.spending(last)).toEqual(sums.spending(last));
  expect(again.spending(last + 60)).toMatchObject({ level: "free", spent: 0 });
});

it("pulls go on when the forecast is lower again, and never bring the relay to refuse its clients", () => {
  const sums = new Sums(samplesInMemory(), undefined, LIMIT);
  sums.add(rows(included), START);
  const onlyPulls = (level: SpendingLevel) => (level === "free" ? 50_000 : 100);
  const levels = spend(sums, onlyPulls, 31 * 24).map(([level]) => level);
  expect(levels.slice(0, 3)).toEqual(["free", "no-pulls", "free"]);
  expect(new Set(levels)).toEqual(new Set(["free", "no-pulls"]));
});

it("a month that ends below the limit is left alone, also at 85 %", () => {
  const sums = new Sums(samplesInMemory(), undefined, LIMIT);
  const evenly = (0.85 * LIMIT * amount + included) / (31 * 24);
  expect(spend(sums, () => Math.floor(evenly), 31 * 24)).toEqual([["free", 0]]);
});

it("without a limit there is no level, and what is spent is read once a minute", () => {
  expect(new Sums(samplesInMemory()).spending(START)).toBeUndefined();
  const sums = new Sums(samplesInMemory(), undefined, LIMIT);
  expect(sums.spending(START)?.spent).toBe(0);
  sums.add(rows(included + amount), START + 1);
  expect(sums.spending(START + 59)?.spent).toBe(0);
  expect(sums.spending(START + 60)?.spent).toBeCloseTo(1);
});

it("the statistics say what each source has used in each step", () => {
  const sums = new Sums(samplesInMemory(), undefined, LIMIT);
  const counts = new Counts();
  counts.add("d1_rows_written_total", { source: "http" }, amount);
  counts.add("message_received_counts", { source: "websocket" }, 20 * PRICES.objectRequests.amount);
  counts.add("message_received_counts", { source: "upstream" }, 5);
  sums.add({ version: 3, series: counts.take() }, START);
  const { costs } = sums.stats("hour", START + 120);
  expect(costs).toMatchObject({ limit: LIMIT, level: "free", forecast: expect.any(Number) });
  expect(costs.sources.map(({ source, item, values }) => [source, item, values.slice(-2)])).toEqual([
    ["websocket", "objectRequests", [PRICES.objectRequests.dollars, null]],
    ["http", "rowsWritten", [PRICES.rowsWritten.dollars, null]],
  ]);
});
