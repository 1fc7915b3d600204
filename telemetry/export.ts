/** Counts in the formats of Prometheus and Analytics Engine. */
import type { Count } from "./counts.ts";
import { type GaugeName, type GaugeValue, type Source, GAUGES, METRICS } from "./metrics.ts";

/** Returns Prometheus text, version 0.0.4. It has every metric with every source, even if the count is 0. */
export function prometheusText(counts: Count[]): string {
  const lines = Object.entries(METRICS).flatMap(([name, { about, sources }]) => [
    `# HELP ${name} ${about.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} counter`,
    ...sources.map((source) => `${name}{source="${source}"} ${amountOf(counts, name, source)}`),
  ]);
  return `${lines.join("\n")}\n`;
}

/** Returns gauges as Prometheus text. Those without a value are left out. */
export function gaugesText(values: Partial<Record<GaugeName, GaugeValue>>): string {
  const lines = Object.entries(GAUGES).flatMap(([name, { about }]) => {
    const value = values[name as GaugeName];
    if (value === undefined) return [];
    const samples = typeof value === "number" ? [`${name} ${value}`] : value.map((one) => sample(name, one));
    return [`# HELP ${name} ${about}`, `# TYPE ${name} gauge`, ...samples];
  });
  return lines.map((line) => `${line}\n`).join("");
}

function sample(name: string, { upstream, value }: { upstream: string; value: number }): string {
  const label = upstream.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `${name}{upstream="${label}"} ${value}`;
}

/**
 * Returns one Analytics Engine data point for each source. Its doubles are the counts, in the order of the list of metrics.
 * The source is the sampling index too.
 */
export function dataPoints(counts: Count[]): { indexes: string[]; blobs: string[]; doubles: number[] }[] {
  const sources = new Set(counts.map(({ source }) => source));
  return [...sources].map((source) => ({
    indexes: [source],
    blobs: [source],
    doubles: Object.keys(METRICS).map((name) => amountOf(counts, name, source)),
  }));
}

function amountOf(counts: Count[], name: string, source: Source): number {
  return counts.find((count) => count.name === name && count.source === source)?.amount ?? 0;
}
