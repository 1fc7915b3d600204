import { expect, it } from "vitest";
import { COUNTED, type CountedName } from "./metrics.ts";
import { countedText, readText } from "./prometheus.ts";
import { labelSets } from "./series.ts";

function samplesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

it("has every metric with all its labels, counted or not", () => {
  const samples = samplesOf(
    countedText([{ name: "d1_rows_read_total", labels: { source: "cron" }, amounts: [7] }]),
  );
  const names = Object.keys(COUNTED) as CountedName[];
  // A histogram has eight buckets, a sum and a count.
  const counts = names.map((name) => labelSets(name).length * (COUNTED[name].type === "counter" ? 1 : 10));
  expect(samples).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
  expect(samples.filter((line) => !line.endsWith(" 0"))).toEqual(['d1_rows_read_total{source="cron"} 7']);
});

it("the buckets of a histogram contain all smaller ones", () => {
  const amounts = [4.5, 2, 1, 0, 0, 0, 0, 1, 1];
  const samples = samplesOf(countedText([{ name: "commit_seconds", labels: { source: "http" }, amounts }]));
  expect(samples.filter((line) => line.includes('source="http"') && line.startsWith("commit_"))).toEqual([
    'commit_seconds_bucket{source="http",le="0.01"} 2',
    'commit_seconds_bucket{source="http",le="0.03"} 3',
    'commit_seconds_bucket{source="http",le="0.1"} 3',
    'commit_seconds_bucket{source="http",le="0.3"} 3',
    'commit_seconds_bucket{source="http",le="1"} 3',
    'commit_seconds_bucket{source="http",le="3"} 3',
    'commit_seconds_bucket{source="http",le="10"} 4',
    'commit_seconds_bucket{source="http",le="+Inf"} 5',
    'commit_seconds_sum{source="http"} 4.5',
    'commit_seconds_count{source="http"} 5',
  ]);
});

it("what is read has one line for each upstream; what has no value is left out", () => {
  const text = readText({
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
  expect(readText({})).toBe("");
});
