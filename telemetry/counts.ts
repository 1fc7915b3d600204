/** Counts in memory, until they are sent to be summed. */
import { COUNTED, type CountedName, type CounterName, type HistogramName, type Metrics } from "./metrics.ts";
import { AMOUNTS, bucketOf, keyOf, type Series } from "./series.ts";

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
    if (amount !== 0) increase(this.amountsOf(name, labels), 0, amount);
  }

  observe(name: HistogramName, labels: Labels, seconds: number): void {
    const amounts = this.amountsOf(name, labels);
    increase(amounts, 0, seconds);
    increase(amounts, 1 + bucketOf(seconds), 1);
  }

  stopwatch(): () => number {
    const start = this.milliseconds();
    // The clock may be set back.
    return () => Math.max(0, this.milliseconds() - start) / 1000;
  }

  /** Returns copies: the counts go on. */
  list(): Series[] {
    return Array.from(this.series.values(), (series) => ({ ...series, amounts: [...series.amounts] }));
  }

  /** Returns the sum of a counter over all series with these labels. */
  total(name: CounterName, labels: Labels = {}): number {
    const isMeant = (series: Series) =>
      series.name === name &&
      Object.entries(labels).every(([label, value]) => series.labels[label] === value);
    return [...this.series.values()]
      .filter(isMeant)
      .reduce((sum, { amounts: [amount = 0] }) => sum + amount, 0);
  }

  /** Returns all counts and resets them. */
  take(): Series[] {
    const taken = [...this.series.values()];
    this.series.clear();
    return taken;
  }

  /** Adds series: counts that were taken but could not be sent, or those that others have sent. */
  addAll(all: readonly Series[]): void {
    for (const { name, labels, amounts } of all) {
      const sums = this.amountsOf(name, labels);
      for (const [at, amount] of amounts.entries()) increase(sums, at, amount);
    }
  }

  /** Returns the amounts of a series, which begins with zeros. */
  private amountsOf(name: CountedName, labels: Labels): number[] {
    const key = keyOf({ name, labels });
    const known = this.series.get(key);
    if (known) return known.amounts;
    const amounts = Array<number>(AMOUNTS[COUNTED[name].type]).fill(0);
    this.series.set(key, { name, labels, amounts });
    return amounts;
  }
}

function increase(amounts: number[], at: number, by: number): void {
  amounts[at] = (amounts[at] ?? 0) + by;
}
