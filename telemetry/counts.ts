/** Counts in memory, until they are sent to be summed. */
import type { CountedName, CounterName, HistogramName, Metrics } from "./metrics.ts";
import { keyOf, observation, type Series } from "./series.ts";

type Labels = Series["labels"];

/** Counts for each series. Their number is bounded by the list of metrics. */
export class Counts implements Metrics {
  private readonly series = new Map<string, Series>();
  private readonly milliseconds: () => number;

  /** `milliseconds` is the clock of stopwatches. */
  constructor(milliseconds: () => number = () => 0) {
    this.milliseconds = milliseconds;
  }

  get isEmpty(): boolean {
    return this.series.size === 0;
  }

  add(name: CounterName, labels: Labels, amount = 1): void {
    if (amount !== 0) this.addAmounts(name, labels, [amount]);
  }

  observe(name: HistogramName, labels: Labels, seconds: number): void {
    this.addAmounts(name, labels, observation(seconds));
  }

  stopwatch(): () => number {
    const start = this.milliseconds();
    // The clock may be set back.
    return () => Math.max(0, this.milliseconds() - start) / 1000;
  }

  list(): Series[] {
    return [...this.series.values()];
  }

  /** Returns the sum of a counter over all series with these labels. */
  total(name: CounterName, labels: Labels = {}): number {
    const isMeant = (series: Series) =>
      series.name === name &&
      Object.entries(labels).every(([label, value]) => series.labels[label] === value);
    return this.list()
      .filter(isMeant)
      .reduce((sum, { amounts: [amount = 0] }) => sum + amount, 0);
  }

  /** Returns all counts and resets them. */
  take(): Series[] {
    const taken = this.list();
    this.series.clear();
    return taken;
  }

  /** Adds series: counts that were taken but could not be sent, or those that others have sent. */
  addAll(all: readonly Series[]): void {
    for (const { name, labels, amounts } of all) this.addAmounts(name, labels, amounts);
  }

  private addAmounts(name: CountedName, labels: Labels, amounts: readonly number[]): void {
    const key = keyOf({ name, labels });
    const series = this.series.get(key);
    if (series) series.amounts = series.amounts.map((amount, at) => amount + (amounts[at] ?? 0));
    else this.series.set(key, { name, labels, amounts: [...amounts] });
  }
}
