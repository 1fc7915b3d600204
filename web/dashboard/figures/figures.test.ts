/** Tests what becomes of the relay's answers: lines, gauges, costs, and what needs an operator. */
import { describe, expect, it, test } from "vitest";
import { emptyStats, statsWith } from "../../../tests/fixtures/stats-answers.ts";
import type { Health } from "../../shared/health.ts";
import { concernsOf } from "./attention.ts";
import type { Figures } from "./figures.ts";
import { dollars, number, percent, seconds } from "./format.ts";
import { forecastOf } from "./forecast.ts";
import { type Gauges, gaugesIn } from "./gauges.ts";
import { isStats } from "./is-stats.ts";
import { gaugeOf, isReported, rateOf, ratesBy, timesBy } from "./lines.ts";

const MINUTE = 60;

describe("lines", () => {
  const stored = (kind: string, source: string, values: (number | null)[]) => ({
    name: "events_stored_total",
    labels: { source, kind },
    values,
  });
  const stats = statsWith({
    times: [0, MINUTE, 2 * MINUTE],
    counters: [
      stored("1", "http", [null, 60, 0]),
      stored("1", "websocket", [null, 120, 30]),
      stored("7", "websocket", [null, 0, 6]),
    ],
    gauges: [{ name: "connections", labels: {}, values: [null, 3, 4] }],
    latencies: [
      { name: "message_seconds", labels: { verb: "REQ" }, p50: [null, 0.01, null], p99: [null, 0.2, null] },
    ],
  });

  it("are amounts a second, summed over the other labels", () => {
    expect(ratesBy(stats, "events_stored_total", "kind", (kind) => `kind ${kind}`)).toEqual([
      { key: "1", label: "kind 1", values: [null, 3, 0.5] },
      { key: "7", label: "kind 7", values: [null, 0, 0.1] },
    ]);
    expect(rateOf(stats, "events_stored_total", "HTTP", { source: "http" }).values).toEqual([null, 1, 0]);
  });

  it("of a counter that has not grown are 0 where the relay ran", () => {
    expect(rateOf(stats, "events_refused_total", "Refused").values).toEqual([null, 0, 0]);
    expect(isReported(stats)).toEqual([false, true, true]);
  });

  it("more than seven become seven, of which the last has the rest", () => {
    const counters = Array.from({ length: 9 }, (_, n) => stored(String(n), "http", [60, 60, 60 * (n + 1)]));
    const lines = ratesBy({ ...stats, counters }, "events_stored_total", "kind");
    expect(lines.map(({ label }) => label)).toEqual(["3", "4", "5", "6", "7", "8", "3 others"]);
    expect(lines.at(-1)?.values).toEqual([3, 3, 6]);
  });

  it("of gauges and times are as they were answered", () => {
    expect(gaugeOf(stats, "connections", "").values).toEqual([null, 3, 4]);
    expect(gaugeOf(stats, "queue_messages", "").values).toEqual([null, null, null]);
    expect(timesBy(stats, { name: "message_seconds", label: "verb", share: "p99" })).toEqual([
      { key: "REQ", label: "REQ", values: [null, 0.2, null] },
    ]);
  });
});

test("gauges are read from the text of Prometheus, with upstreams that have signs in their address", () => {
  const text = [
    "# HELP dead_letters Dead letters in the database",
    "dead_letters 2",
    "d1_size_limit_bytes 9000000000",
    String.raw`upstream_lag_seconds{upstream="wss://a.example/?q=\"\\x"} 14`,
    String.raw`upstream_failures{upstream="wss://a.example/?q=\"\\x"} 0`,
    'upstream_failures{upstream="wss://b.example"} 3',
    'events_stored_total{source="http",kind="1"} 5',
  ].join("\n");
  expect(gaugesIn(text)).toEqual({
    deadLetters: 2,
    oldestInQueue: undefined,
    sizeLimit: 9e9,
    upstreams: [
      { url: String.raw`wss://a.example/?q="\x`, lag: 14, failures: 0 },
      { url: "wss://b.example", lag: undefined, failures: 3 },
    ],
  });
});

test("statistics have lists that are as long as their times", () => {
  const stats = emptyStats("hour");
  expect(isStats(stats)).toBe(true);
  for (const wrong of [
    {},
    { ...stats, range: "year" },
    { ...stats, times: stats.times.slice(1) },
    { ...stats, counters: [{ name: "x", labels: {} }] },
    { ...stats, costs: { ...stats.costs, used: null } },
  ])
    expect(isStats(wrong)).toBe(false);
});

describe("the forecast", () => {
  const used = { rowsWritten: 40_000_000 };
  const at = (text: string) => Date.parse(text) / 1000;

  it("goes on as the month went, beyond what the plan includes", () => {
    // 40 million in half of the month become 80 million, of which 50 million are included, at $1 a million.
    expect(forecastOf(used, at("2026-11-16T00:00:00Z"))).toBeCloseTo(30);
    expect(forecastOf(used, at("2026-11-30T23:00:00Z"))).toBe(0);
  });

  it("is not known on the first day", () => {
    expect(forecastOf(used, at("2026-11-01T23:59:59Z"))).toBeUndefined();
  });
});

test.each([
  [number(0.01234), "0.0123"],
  [number(5154.17), "5,154"],
  [seconds(0.0004), "under 1 ms"],
  [seconds(0.0214), "21 ms"],
  [seconds(1.234), "1.23 s"],
  [dollars(0.004), "under $0.01"],
  [dollars(1234.5), "$1,234.50"],
  [percent(0.001), "under 1 %"],
  [percent(0.37), "37 %"],
])("a figure is %s", (said, expected) => {
  expect(said).toBe(expected);
});

describe("what needs an operator", () => {
  const health: Health = { problems: [], store: undefined, isReady: true, testedMinutesAgo: 2 };
  const gauges: Gauges = { deadLetters: 0, oldestInQueue: 5, sizeLimit: 9e9, upstreams: [] };
  const figures: Figures = {
    stats: emptyStats("hour"),
    health,
    gauges,
    upstreams: undefined,
    readAt: Date.parse("2026-11-16T00:00:00Z") / 1000,
  };
  const says = (changed: Partial<Figures>) => concernsOf({ ...figures, ...changed }).map(({ says }) => says);

  it("is nothing if all is well", () => {
    expect(says({})).toEqual([]);
  });

  it("is what the relay says, dead letters, a long wait and failing upstreams", () => {
    const changed: Gauges = {
      ...gauges,
      deadLetters: 1,
      oldestInQueue: 7200,
      upstreams: [
        { url: "wss://a.example", lag: 5, failures: 0 },
        { url: "wss://b.example", lag: 5, failures: 2 },
      ],
    };
    expect(says({ health: { ...health, problems: ["the database is full"] }, gauges: changed })).toEqual([
      "The database is full.",
      "1 event could not be stored.",
      "Events from upstreams have waited for 2 h.",
      "1 of 2 upstreams is failing.",
    ]);
  });

  it("is also what cannot be read", () => {
    const lost = new Error("lost");
    expect(says({ health: lost, gauges: lost, upstreams: lost })).toHaveLength(3);
  });

  it("is a limit that the month has passed or will pass", () => {
    const { stats } = figures;
    const costing = (month: number, used: number) => ({
      stats: {
        ...stats,
        costs: { ...stats.costs, month: { rowsWritten: month }, used: { rowsWritten: used }, limit: 20 },
      },
    });
    expect(says(costing(10, 25_000_000))).toEqual([]);
    expect(says(costing(10, 40_000_000))).toEqual([
      "This month will cost $30.00, more than the limit of $20.00.",
    ]);
    expect(says(costing(21, 0))).toEqual(["This month has cost $21.00, more than the limit of $20.00."]);
  });
});
