/** The sums of all counts of both Workers, and the gauges that hubs and invocations have reported. */
import { Counts } from "./counts.ts";
import {
  type AnyReport,
  type FirstCount,
  type Gauges,
  problemWithReport,
  readCount,
  readReport,
  type Report,
  type SecondCount,
} from "./report.ts";
import { problemWith, type Series } from "./series.ts";

/** All that has been counted, and what was last reported. */
export interface Figures {
  series: Series[];
  gauges: Gauges;
}

interface Reported {
  values: Gauges;
  /** Unix seconds. */
  at: number;
}

/** They have a version, because they outlive a deployment. Version 3 was never released. */
export type StoredSums =
  | { version: 1; counts: readonly FirstCount[] }
  | { version: 2; counts: readonly SecondCount[] }
  | { version: 4; series: readonly Series[]; gauges: Readonly<Record<string, Reported>> };

/**
 * After so long without a report, a hub is gone, or it sleeps and none of its clients has said anything. Then its connections are
 * not counted.
 */
const STALE_SECONDS = 3600;
/** Hubs, and the two minute jobs. */
const MOST_REPORTERS = 1000;

export class Sums {
  private readonly counts = new Counts();
  private readonly reported = new Map<string, Reported>();

  /** Drops what is in no known form, and metrics that are no longer in the list. */
  constructor(stored?: StoredSums) {
    if (stored?.version === 1 || stored?.version === 2) this.load(stored.counts.map(readCount));
    if (stored?.version !== 4) return;
    this.load(stored.series);
    this.reported = new Map(Object.entries(stored.gauges));
  }

  private load(series: readonly Series[]): void {
    this.counts.addAll(series.filter((one) => problemWith(one) === undefined));
  }

  /** Adds a report of any form. Throws if it is invalid, and adds nothing of it. Returns it in today's form. */
  add(sent: AnyReport, now: number): Report {
    const report = readReport(sent);
    const problem = problemWithReport(report);
    if (problem !== undefined) throw new Error(problem);
    this.counts.addAll(report.series);
    const { gauges } = report;
    if (gauges && (this.reported.size < MOST_REPORTERS || this.reported.has(gauges.of)))
      this.reported.set(gauges.of, { values: gauges.values, at: now });
    return report;
  }

  figures(now: number): Figures {
    return { series: this.counts.list(), gauges: this.gauges(now) };
  }

  /** Returns the sum of each gauge over all reporters. The size and the queues are missing if nobody has reported them. */
  private gauges(now: number): Gauges {
    const sums: Gauges = { connections: 0, subscriptions: 0 };
    for (const [of, { values, at }] of this.reported) {
      if (now - at > STALE_SECONDS) this.reported.delete(of);
      else
        for (const [name, value] of Object.entries(values) as [keyof Gauges, number][])
          sums[name] = (sums[name] ?? 0) + value;
    }
    return sums;
  }

  stored(): StoredSums {
    return { version: 4, series: this.counts.list(), gauges: Object.fromEntries(this.reported) };
  }
}
