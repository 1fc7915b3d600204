/** The sums of all counts of both Workers, and the gauges that hubs and invocations have reported. */
import { costsOf, costsOfSteps } from "./costs.ts";
import { Counts } from "./counts.ts";
import { History, type OpenHistory, type Samples } from "./history.ts";
import { KINDS, PRIVATE_KIND_LABELS } from "./labels.ts";
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
import { type Spending, spendingOf } from "./spending.ts";
import { type PublicFigures, type RangeName, RANGES, type StatsAnswer } from "./stats-answer.ts";
import { statsOf, timesOf } from "./stats.ts";

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
  | {
      version: 4;
      series: readonly Series[];
      gauges: Readonly<Record<string, Reported>>;
      history?: OpenHistory;
      lastEventAt?: number;
    };

/**
 * After so long without a report, a hub is gone, or it sleeps and none of its clients has said anything. Then its connections are
 * not counted.
 */
const STALE_SECONDS = 3600;
/** Hubs, and the two minute jobs. */
export const MOST_REPORTERS = 1000;
/** What is spent is read from the samples of a month, so not with every report. */
const SPENDING_SECONDS = 60;
const DAY_SECONDS = 86_400;

export class Sums {
  private readonly counts = new Counts();
  private readonly reported: Map<string, Reported>;
  private readonly history: History;
  private lastEventAt: number | undefined;
  /** Dollars a month. Infinity: none. */
  private readonly limit: number;
  private spent: { at: number; spending: Spending } | undefined;

  /**
   * Drops what is in no known form, and metrics that are no longer in the list. `limit` is SPEND_LIMIT: dollars a month, 0: no
   * limit.
   */
  constructor(samples: Samples, stored?: StoredSums, limit = 0) {
    this.limit = limit === 0 ? Infinity : limit;
    if (stored?.version === 1 || stored?.version === 2) this.load(stored.counts.map(readCount));
    const last = stored?.version === 4 ? stored : undefined;
    this.load(last?.series ?? []);
    this.reported = new Map(Object.entries(last?.gauges ?? {}));
    this.history = new History(samples, last?.history);
    this.lastEventAt = last?.lastEventAt;
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
    if (report.series.some(isOfPublicEvents)) this.lastEventAt = now;
    this.history.add(report.series, this.gauges(now), now);
    return report;
  }

  stats(range: RangeName, now: number): StatsAnswer {
    const month = this.history.since(beginningOfMonth(now), now);
    const today = this.history.since(beginningOfDay(now), now);
    const samples = this.history.range(range, now);
    const { forecast, level, limit } = this.readSpending(now);
    return {
      ...statsOf(range, samples, now),
      costs: {
        ...costsOf(month, today),
        limit: limit === Infinity ? null : limit,
        forecast,
        level,
        sources: costsOfSteps(timesOf(range, now).map((time) => samples.get(time))),
      },
    };
  }

  /** Returns what is spent of the limit, up to a minute ago. Undefined: there is no limit. */
  spending(now: number): Spending | undefined {
    if (this.limit === Infinity) return undefined;
    const age = now - (this.spent?.at ?? -Infinity);
    if (!this.spent || age < 0 || age >= SPENDING_SECONDS)
      this.spent = { at: now, spending: this.readSpending(now) };
    return this.spent.spending;
  }

  private readSpending(now: number): Spending {
    const dayBefore = now - DAY_SECONDS;
    const dayFrom = dayBefore - (dayBefore % RANGES.month.step);
    return spendingOf({
      limit: this.limit,
      month: this.history.since(beginningOfMonth(now), now),
      day: this.history.since(dayFrom, now),
      dayFrom,
      monthEnd: endOfMonth(now),
      now,
    });
  }

  publicFigures(now: number): Omit<PublicFigures, "stored"> {
    const today = this.history.since(beginningOfDay(now), now);
    const kinds = KINDS.filter((kind) => !PRIVATE_KIND_LABELS.includes(kind));
    return {
      connections: this.gauges(now).connections ?? 0,
      eventsToday: kinds.reduce((sum, kind) => sum + today.total("events_stored_total", { kind }), 0),
      lastEventAt: this.lastEventAt ?? null,
    };
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
    return {
      version: 4,
      series: this.counts.list(),
      gauges: Object.fromEntries(this.reported),
      history: this.history.open(),
      ...(this.lastEventAt !== undefined && { lastEventAt: this.lastEventAt }),
    };
  }
}

function isOfPublicEvents({ name, labels }: Series): boolean {
  return name === "events_stored_total" && !PRIVATE_KIND_LABELS.includes(labels["kind"] ?? "");
}

function beginningOfDay(now: number): number {
  return now - (now % DAY_SECONDS);
}

/** It needs no clock. */
function beginningOfMonth(now: number): number {
  // oxlint-disable-next-line no-restricted-globals
  const dayOfMonth = new Date(1000 * now).getUTCDate();
  return beginningOfDay(now) - DAY_SECONDS * (dayOfMonth - 1);
}

function endOfMonth(now: number): number {
  // Every month has 28 days, and 31 days later is another one.
  return beginningOfMonth(beginningOfMonth(now) + 31 * DAY_SECONDS);
}
