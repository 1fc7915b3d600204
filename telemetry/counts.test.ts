import { expect, it } from "vitest";
import { Counts } from "./counts.ts";
import { dataPoints, gaugesText, prometheusText } from "./export.ts";
import { METRICS } from "./metrics.ts";

it("counts each metric at each place, and begins again when they are taken", () => {
  const counts = new Counts();
  counts.add("events_stored_counts", "http");
  counts.add("events_stored_counts", "queue", 2);
  counts.add("events_stored_counts", "http", 3);
  counts.add("events_refused_counts", "http", 0);
  const taken = counts.take();
  expect(taken).toEqual([
    { name: "events_stored_counts", source: "http", amount: 4 },
    { name: "events_stored_counts", source: "queue", amount: 2 },
  ]);
  expect(counts.isEmpty).toBe(true);
  counts.add("events_stored_counts", "http");
  counts.giveBack(taken);
  expect(counts.list()).toContainEqual({ name: "events_stored_counts", source: "http", amount: 5 });
});

it("Prometheus has every metric at all its places, counted or not", () => {
  const text = prometheusText([{ name: "d1_rows_read", source: "cron", amount: 7 }]);
  expect(text).toContain('\nd1_rows_read{source="cron"} 7\n');
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const places = Object.values(METRICS).flatMap(({ sources }) => sources as readonly string[]);
  expect(samples).toHaveLength(places.length);
  expect(samples.filter((line) => !line.endsWith(" 0"))).toEqual(['d1_rows_read{source="cron"} 7']);
});

it("gauges are Prometheus text, one line for each upstream; those without a value are left out", () => {
  const text = gaugesText({
    d1_size_bytes: 5,
    upstream_failures: [
      { upstream: "wss://a.test", value: 0 },
      { upstream: 'wss://b.test/?a="\\\n', value: 3 },
    ],
  });
  expect(text.split("\n")).toEqual([
    "# HELP d1_size_bytes Size of the database",
    "# TYPE d1_size_bytes gauge",
    "d1_size_bytes 5",
    "# HELP upstream_failures Pulls of an upstream that have failed since the last progress",
    "# TYPE upstream_failures gauge",
    'upstream_failures{upstream="wss://a.test"} 0',
    'upstream_failures{upstream="wss://b.test/?a=\\"\\\\\\n"} 3',
    "",
  ]);
  expect(gaugesText({})).toBe("");
});

it("Analytics Engine gets a point for each source, with all counts in the order of the list", () => {
  const points = dataPoints([
    { name: "d1_rows_read", source: "cron", amount: 7 },
    { name: "events_stored_counts", source: "http", amount: 1 },
    { name: "relay_connect_counts", source: "upstream", amount: 3 },
    { name: "events_expired_counts", source: "cron", amount: 2 },
  ]);
  const names = Object.keys(METRICS);
  expect(names.length).toBeLessThanOrEqual(20);
  const told = points.map(({ indexes, blobs, doubles }) => {
    expect([indexes, doubles.length]).toEqual([blobs, names.length]);
    return [
      blobs[0],
      Object.fromEntries(names.map((name, at) => [name, doubles[at]]).filter(([, n]) => n !== 0)),
    ];
  });
  expect(told).toEqual([
    ["cron", { d1_rows_read: 7, events_expired_counts: 2 }],
    ["http", { events_stored_counts: 1 }],
    ["upstream", { relay_connect_counts: 3 }],
  ]);
});
