/** The panels of `npm run analytics` and of the Grafana dashboard of Analytics Engine, each with its SQL. */
import { COUNTERS, LAYOUT, PLAIN_COUNTERS } from "../../telemetry/analytics.ts";
import { COUNTED, type CountedName, type CounterName, type HistogramName } from "../../telemetry/metrics.ts";
import { AMOUNTS } from "../../telemetry/series.ts";

export interface Panel {
  title: string;
  unit: "" | "s";
  /** Returns the columns `t`, `label` and `value`. `$from`, `$to` and `$interval` are seconds, as Grafana has them. */
  sql: string;
}

function sqlOf(name: string, value: string): string {
  return `SELECT intDiv(toUInt32(timestamp), $interval) * $interval AS t, blob3 AS label, ${value} AS value
FROM tributary
WHERE blob1 = '${LAYOUT}' AND blob2 = '${name}' AND timestamp >= toDateTime($from) AND timestamp < toDateTime($to)
GROUP BY t, label
ORDER BY t`;
}

/** Doubles are numbered from 1. */
function doubles(from: number, to: number): string {
  const names = Array.from({ length: to - from + 1 }, (_, n) => `double${from + n}`);
  return names.length === 1 ? names.join("") : `(${names.join(" + ")})`;
}

/** A counter that has the label `source` alone. */
function plain(title: string, name: CounterName): Panel {
  const at = PLAIN_COUNTERS.indexOf(name) + 1;
  return { title, unit: "", sql: sqlOf(COUNTERS, `SUM(_sample_interval * ${doubles(at, at)})`) };
}

/** The values of the second label of a counter: all together, or one. */
function labelled(title: string, name: CounterName, value?: string): Panel {
  const values = Object.values<readonly string[]>(COUNTED[name].labels)[1] ?? [];
  const at = value === undefined ? [1, values.length] : Array(2).fill(values.indexOf(value) + 1);
  const [from = 0, to = 0] = at as number[];
  return { title, unit: "", sql: sqlOf(name, `SUM(_sample_interval * ${doubles(from, to)})`) };
}

function average(title: string, name: HistogramName): Panel {
  const seconds = `SUM(_sample_interval * ${doubles(1, 1)})`;
  const count = `SUM(_sample_interval * ${doubles(2, AMOUNTS.histogram)})`;
  return { title, unit: "s", sql: sqlOf(name satisfies CountedName, `${seconds} / ${count}`) };
}

export const PANELS: readonly Panel[] = [
  labelled("Events stored", "events_stored_total"),
  labelled("Notes stored (kind 1)", "events_stored_total", "1"),
  labelled("Events refused", "events_refused_total"),
  plain("Events delivered", "events_delivered_total"),
  plain("Connections opened", "relay_connect_counts"),
  plain("Messages received", "message_received_counts"),
  plain("Refused by RATE_LIMIT", "clients_limited_total"),
  labelled("Pulls that failed", "pulls_total", "failed"),
  average("Time of messages, on average", "message_seconds"),
  average("Time of commits, on average", "commit_seconds"),
  plain("D1 rows read", "d1_rows_read_total"),
  plain("D1 rows written", "d1_rows_written_total"),
  plain("Requests of objects", "object_requests_total"),
];
