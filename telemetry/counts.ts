/** Counts in memory, until they are taken to where they are summed up. */
import { METRICS, type Door, type MetricName, type Metrics } from "./metrics.ts";

export interface Count {
  name: MetricName;
  door: Door;
  amount: number;
}

export class Counts implements Metrics {
  private readonly counts = new Map<string, Count>();

  add(name: MetricName, door: Door, amount = 1): void {
    if (amount === 0) return;
    const key = `${name} ${door}`;
    const count = this.counts.get(key);
    if (count) count.amount += amount;
    else this.counts.set(key, { name, door, amount });
  }

  /** Everything counted so far; counting starts again at nothing. */
  take(): Count[] {
    const taken = [...this.counts.values()];
    this.counts.clear();
    return taken;
  }
}

/** Prometheus text format, version 0.0.4. Every metric is there from the start, at its doors. */
export function prometheusText(counts: Count[]): string {
  const lines = Object.entries(METRICS).flatMap(([name, { about, doors }]) => [
    `# HELP ${name} ${about}`,
    `# TYPE ${name} counter`,
    ...doors.map((door) => `${name}{door="${door}"} ${amountOf(counts, name, door)}`),
  ]);
  return `${lines.join("\n")}\n`;
}

function amountOf(counts: Count[], name: string, door: Door): number {
  return counts.find((count) => count.name === name && count.door === door)?.amount ?? 0;
}
