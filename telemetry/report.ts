/** Reports: what hubs and invocations send to be summed. Earlier deployments sent and stored other forms. */
import type { Source } from "./labels.ts";
import { COUNTED, type CountedName } from "./metrics.ts";
import { problemWith, type Series } from "./series.ts";

/** A count as the first deployments stored and sent it. */
export interface FirstCount {
  name: string;
  door: Source;
  amount: number;
}

/** A count as deployments before version 0.3.0 stored and sent it. */
export interface SecondCount {
  name: string;
  source: Source;
  amount: number;
}

/** What rises and falls at one reporter. */
export type Gauges = Partial<Record<GaugeOfReport, number>>;

export const GAUGES_OF_REPORT = ["connections", "subscriptions", "d1_size_bytes", "queue_messages"] as const;
export type GaugeOfReport = (typeof GAUGES_OF_REPORT)[number];

export interface Report {
  version: 3;
  series: Series[];
  /** The reporter and its gauges, which replace those that it has reported before. */
  gauges?: { of: string; values: Gauges };
}

export type AnyReport = Report | readonly (FirstCount | SecondCount)[];

/** Metrics that have another name since. */
const RENAMED: Partial<Record<string, CountedName>> = {
  events_stored_counts: "events_stored_total",
  events_refused_counts: "events_refused_total",
  events_spared_counts: "events_would_refuse_total",
  events_would_refuse_counts: "events_would_refuse_total",
  clients_limited_counts: "clients_limited_total",
  clients_spared_counts: "clients_would_refuse_total",
  clients_would_refuse_counts: "clients_would_refuse_total",
  slow_clients_counts: "slow_clients_total",
  events_delivered_counts: "events_delivered_total",
  failed_delivery_counts: "failed_deliveries_total",
  events_expired_counts: "events_expired_total",
  events_pruned_counts: "events_pruned_total",
  events_dead_counts: "events_dead_total",
  spans_dropped_counts: "spans_dropped_total",
  d1_rows_read: "d1_rows_read_total",
  d1_rows_written: "d1_rows_written_total",
  d1_retries_counts: "d1_retries_total",
};

/** Reads a report of any form. It may name metrics that are no longer in the list. */
export function readReport(sent: AnyReport): Report {
  return "version" in sent ? sent : { version: 3, series: sent.map(readCount) };
}

/** Reads a count of an earlier deployment. It did not tell kinds and reasons apart, so these are `other`. */
export function readCount(count: FirstCount | SecondCount): Series {
  const name = RENAMED[count.name] ?? (count.name as CountedName);
  const source = "door" in count ? count.door : count.source;
  const others = Object.hasOwn(COUNTED, name) ? Object.keys(COUNTED[name].labels).slice(1) : [];
  const labels = Object.fromEntries([["source", source], ...others.map((label) => [label, "other"])]);
  return { name, labels, amounts: [count.amount] };
}

const LONGEST_REPORTER = 100;

/** Returns what is wrong with a report; undefined: nothing. */
export function problemWithReport({ version, series, gauges }: Report): string | undefined {
  if (version !== 3) return `a report of version ${JSON.stringify(version)} cannot be read`;
  for (const one of series) {
    const problem = problemWith(one);
    if (problem !== undefined) return problem;
  }
  if (!gauges) return undefined;
  if (gauges.of.length > LONGEST_REPORTER) return `the name of a reporter has ${gauges.of.length} characters`;
  for (const [name, value] of Object.entries(gauges.values)) {
    if (!GAUGES_OF_REPORT.some((known) => known === name))
      return `${JSON.stringify(name)} is not a reported gauge`;
    if (!Number.isSafeInteger(value) || value < 0)
      return `${name} is an integer from 0, not ${String(value)}`;
  }
  return undefined;
}
