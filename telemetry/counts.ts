/** Counts in memory, until they are sent to be summed. */
import type { Source, MetricName, Metrics } from "./metrics.ts";

export interface Count {
  name: MetricName;
  source: Source;
  amount: number;
}

/** A count as the first deployments stored and sent it. */
export interface FirstCount {
  name: string;
  door: Source;
  amount: number;
}

/** Metrics that have another name since. */
const RENAMED: Partial<Record<string, MetricName>> = {
  events_spared_counts: "events_would_refuse_counts",
  clients_spared_counts: "clients_would_refuse_counts",
};

/** Reads a count of any form. It may name a metric that is no longer in the list. */
export function readCount(count: Count | FirstCount): Count {
  if (!("door" in count)) return count;
  const { name, door, amount } = count;
  return { name: RENAMED[name] ?? (name as MetricName), source: door, amount };
}

/** Counts per metric and source. Their number is bounded by the list of metrics. */
export class Counts implements Metrics {
  private readonly counts = new Map<string, Count>();

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  add(name: MetricName, source: Source, amount = 1): void {
    if (amount === 0) return;
    const key = `${name} ${source}`;
    const count = this.counts.get(key);
    if (count) count.amount += amount;
    else this.counts.set(key, { name, source, amount });
  }

  list(): Count[] {
    return [...this.counts.values()];
  }

  /** Returns all counts and resets them. */
  take(): Count[] {
    const taken = this.list();
    this.counts.clear();
    return taken;
  }

  /** Adds counts again that were taken but could not be sent. */
  giveBack(taken: Count[]): void {
    for (const { name, source, amount } of taken) this.add(name, source, amount);
  }
}
