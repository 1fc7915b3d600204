/** Counts in memory, until they are taken to where they are summed up. */
import type { Door, MetricName, Metrics } from "./metrics.ts";

export interface Count {
  name: MetricName;
  door: Door;
  amount: number;
}

/** Bounded by the closed list of metrics. */
export class Counts implements Metrics {
  private readonly counts = new Map<string, Count>();

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  add(name: MetricName, door: Door, amount = 1): void {
    if (amount === 0) return;
    const key = `${name} ${door}`;
    const count = this.counts.get(key);
    if (count) count.amount += amount;
    else this.counts.set(key, { name, door, amount });
  }

  list(): Count[] {
    return [...this.counts.values()];
  }

  /** Everything counted so far; counting starts again at nothing. */
  take(): Count[] {
    const taken = this.list();
    this.counts.clear();
    return taken;
  }

  /** What was taken and could not be brought where it belongs. */
  giveBack(taken: Count[]): void {
    for (const { name, door, amount } of taken) this.add(name, door, amount);
  }
}
