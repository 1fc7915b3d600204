/** Prometheus text, version 0.0.4. */
import { BUCKETS, COUNTED, type CountedName, READ, type ReadName, type ReadValue } from "./metrics.ts";
import { AMOUNTS, keyOf, labelSets, type Series } from "./series.ts";

/** Returns all counters and histograms with all of their labels, even those that have counted nothing. */
export function countedText(all: readonly Series[]): string {
  const byKey = new Map(all.map((series) => [keyOf(series), series.amounts]));
  const lines = (Object.keys(COUNTED) as CountedName[]).flatMap((name) => {
    const { type } = COUNTED[name];
    const samples = labelSets(name).flatMap((labels) => {
      const amounts = byKey.get(keyOf({ name, labels })) ?? Array<number>(AMOUNTS[type]).fill(0);
      return type === "counter" ? [sample(name, labels, amounts[0] ?? 0)] : histogram(name, labels, amounts);
    });
    return [...heading(name, COUNTED[name]), ...samples];
  });
  return textOf(lines);
}

/** Returns what is read. What has no value is left out. */
export function readText(values: Partial<Record<ReadName, ReadValue>>): string {
  const lines = (Object.keys(READ) as ReadName[]).flatMap((name) => {
    const value = values[name];
    if (value === undefined) return [];
    const samples =
      typeof value === "number"
        ? [sample(name, {}, value)]
        : value.map((one) => sample(name, { upstream: one.upstream }, one.value));
    return [...heading(name, READ[name]), ...samples];
  });
  return textOf(lines);
}

/** The buckets of Prometheus contain all smaller ones. */
function histogram(name: string, labels: Series["labels"], [sum = 0, ...buckets]: number[]): string[] {
  let count = 0;
  const cumulative = buckets.map((amount, at) => {
    count += amount;
    return sample(`${name}_bucket`, { ...labels, le: String(BUCKETS[at] ?? "+Inf") }, count);
  });
  return [...cumulative, sample(`${name}_sum`, labels, sum), sample(`${name}_count`, labels, count)];
}

function heading(name: string, { type, help }: { type: string; help: string }): string[] {
  return [
    `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} ${type}`,
  ];
}

function sample(name: string, labels: Series["labels"], value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function textOf(lines: string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
