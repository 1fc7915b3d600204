/** Counts as others read them. */
import type { Count } from "./counts.ts";
import { type Door, METRICS } from "./metrics.ts";

/** Prometheus text format, version 0.0.4. Every metric is there from the start, at its doors. */
export function prometheusText(counts: Count[]): string {
  const lines = Object.entries(METRICS).flatMap(([name, { about, doors }]) => [
    `# HELP ${name} ${about.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} counter`,
    ...doors.map((door) => `${name}{door="${door}"} ${amountOf(counts, name, door)}`),
  ]);
  return `${lines.join("\n")}\n`;
}

/** One Analytics Engine data point for each count; the metric's name is what it samples by. */
export function dataPoints(counts: Count[]): { indexes: string[]; blobs: string[]; doubles: number[] }[] {
  return counts.map(({ name, door, amount }) => ({ indexes: [name], blobs: [door], doubles: [amount] }));
}

function amountOf(counts: Count[], name: string, door: Door): number {
  return counts.find((count) => count.name === name && count.door === door)?.amount ?? 0;
}
