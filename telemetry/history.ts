/**
 * What was counted in each minute, quarter of an hour and four hours. The open minute is in memory, and is saved with the sums. A
 * minute that is over becomes a sample. From the samples of minutes comes that of their quarter, and so on. Samples overwrite
 * those of an hour, a day or a month ago, so their number is bounded, and each costs one written row.
 */
import { Counts } from "./counts.ts";
import type { Gauges } from "./report.ts";
import type { Series } from "./series.ts";
import { type RangeName, RANGES } from "./stats-answer.ts";

export interface Sample {
  /** It outlives a deployment. */
  version: 1;
  /** The beginning, in Unix seconds. */
  at: number;
  series: Series[];
  gauges: Gauges;
}

/** The place of the samples. */
export interface Samples {
  /** Replaces what is in a slot of a range. */
  put(range: RangeName, slot: number, sample: Sample): void;
  /** Returns samples that begin at a time or later. */
  since(range: RangeName, time: number): Sample[];
}

/** What a reset of the object must not lose. */
export interface OpenHistory {
  minute?: Omit<Sample, "version">;
  /** The beginnings of the quarter and the four hours that have samples, but none of their own yet. */
  pending: { day?: number; month?: number };
}

/** The range that has the parts of a step of another. */
const PARTS = { day: "hour", month: "day" } as const;

export class History {
  private readonly samples: Samples;
  private minute: { at: number; counts: Counts; gauges: Gauges } | undefined;
  private readonly pending: OpenHistory["pending"];

  constructor(samples: Samples, open?: OpenHistory) {
    this.samples = samples;
    this.pending = { ...open?.pending };
    if (!open?.minute) return;
    const { at, series, gauges } = open.minute;
    this.minute = { at, counts: new Counts(), gauges };
    this.minute.counts.addAll(series);
  }

  /** Adds what was counted. `gauges` are the values of now. */
  add(series: readonly Series[], gauges: Gauges, now: number): void {
    this.close(now);
    this.minute ??= { at: startOf("hour", now), counts: new Counts(), gauges };
    this.minute.counts.addAll(series);
    this.minute.gauges = gauges;
  }

  /** Makes samples of what is over. */
  close(now: number): void {
    const { minute } = this;
    if (minute && minute.at < startOf("hour", now)) {
      this.put("hour", { version: 1, at: minute.at, series: minute.counts.list(), gauges: minute.gauges });
      this.pending.day ??= startOf("day", minute.at);
      this.minute = undefined;
    }
    this.sum("day", now);
    this.sum("month", now);
  }

  open(): OpenHistory {
    const { minute, pending } = this;
    if (!minute) return { pending };
    return { minute: { at: minute.at, series: minute.counts.list(), gauges: minute.gauges }, pending };
  }

  /** Returns the samples of the steps of a range that are over, by their beginnings. */
  range(name: RangeName, now: number): Map<number, Sample> {
    this.close(now);
    const { step, steps } = RANGES[name];
    const samples = this.samples.since(name, startOf(name, now) - step * steps);
    return new Map(samples.map((sample) => [sample.at, sample]));
  }

  /** Returns all that was counted since a time, which is the beginning of a step of `month`. */
  since(time: number, now: number): Counts {
    this.close(now);
    const sum = new Counts();
    const bounds = { month: time, day: startOf("month", now), hour: startOf("day", now) };
    for (const [name, from] of Object.entries(bounds) as [RangeName, number][])
      for (const { series } of this.samples.since(name, Math.max(time, from))) sum.addAll(series);
    if (this.minute) sum.addAll(this.minute.counts.list());
    return sum;
  }

  private put(name: RangeName, sample: Sample): void {
    const { step, steps } = RANGES[name];
    this.samples.put(name, (sample.at / step) % steps, sample);
  }

  /** Makes the sample of a step, if it is over. */
  private sum(name: "day" | "month", now: number): void {
    const at = this.pending[name];
    if (at === undefined || at >= startOf(name, now)) return;
    const parts = this.samples.since(PARTS[name], at).filter((part) => part.at < at + RANGES[name].step);
    const counts = new Counts();
    for (const { series } of parts) counts.addAll(series);
    const gauges = parts.toSorted((a, b) => a.at - b.at).at(-1)?.gauges ?? {};
    this.put(name, { version: 1, at, series: counts.list(), gauges });
    delete this.pending[name];
    if (name === "day") this.pending.month ??= startOf("month", at);
  }
}

function startOf(name: RangeName, time: number): number {
  return time - (time % RANGES[name].step);
}
