/** The list of all metrics. Each is counted or observed with one call where it happens, or read when somebody asks. */
import { KINDS, OUTCOMES, REASONS, ROUTES, type Source, VERBS } from "./labels.ts";

export type { Source } from "./labels.ts";

interface Counted {
  type: "counter" | "histogram";
  help: string;
  /** The values of each label. */
  labels: Readonly<Record<string, readonly string[]>>;
}

const INGESTED = ["websocket", "http", "queue"] as const;
const OF_UPSTREAMS = { source: ["websocket", "upstream"] } as const;
const OF_DATABASE = { source: [...INGESTED, "upstream", "cron"] } as const;

/**
 * Metrics that are counted where they happen, and summed. Analytics Engine has them in this order: add new ones at the end, and
 * new values of a label too. At most 20 have the label `source` alone (telemetry/analytics.ts).
 */
export const COUNTED = {
  relay_connect_counts: {
    type: "counter",
    help: "Connections opened: by clients, or to upstreams",
    labels: OF_UPSTREAMS,
  },
  message_received_counts: {
    type: "counter",
    help: "Messages received: from clients, or from upstreams",
    labels: OF_UPSTREAMS,
  },
  queue_publish_counts: {
    type: "counter",
    help: "Messages that the aggregator put on a queue",
    labels: { source: ["upstream"] },
  },
  cleanup_counts: {
    type: "counter",
    help: "Connections closed and cleaned up: of clients, or to upstreams",
    labels: OF_UPSTREAMS,
  },
  events_stored_total: {
    type: "counter",
    help: "Events stored, by kind",
    labels: { source: INGESTED, kind: KINDS },
  },
  events_refused_total: {
    type: "counter",
    help: "Events refused, by the prefix of the answer (NIP-01)",
    labels: { source: INGESTED, reason: REASONS },
  },
  events_would_refuse_total: {
    type: "counter",
    help: "Events that would have been refused without POLICY_DRY_RUN",
    labels: { source: INGESTED },
  },
  clients_limited_total: {
    type: "counter",
    help: "Messages and requests refused by RATE_LIMIT",
    labels: { source: ["websocket", "http"] },
  },
  clients_would_refuse_total: {
    type: "counter",
    help: "Messages and requests that RATE_LIMIT would have refused without POLICY_DRY_RUN",
    labels: { source: ["websocket", "http"] },
  },
  slow_clients_total: {
    type: "counter",
    help: "Clients disconnected because they did not read",
    labels: { source: ["websocket"] },
  },
  events_delivered_total: {
    type: "counter",
    help: "Events sent to live subscriptions",
    labels: { source: ["websocket"] },
  },
  failed_deliveries_total: {
    type: "counter",
    help: "Deliveries of the switchboard to a hub that failed",
    labels: { source: ["websocket"] },
  },
  events_expired_total: {
    type: "counter",
    help: "Events removed because they expired (NIP-40)",
    labels: { source: ["cron"] },
  },
  events_pruned_total: {
    type: "counter",
    help: "Events removed because of their age (RETENTION, UPSTREAM_RETENTION)",
    labels: { source: ["cron"] },
  },
  events_dead_total: {
    type: "counter",
    help: "Events that became dead letters",
    labels: { source: ["queue"] },
  },
  spans_dropped_total: {
    type: "counter",
    help: "Trace spans dropped because the collector was too slow",
    labels: { source: ["websocket", "http", "upstream"] },
  },
  d1_rows_read_total: { type: "counter", help: "Rows read in D1, as billed", labels: OF_DATABASE },
  d1_rows_written_total: { type: "counter", help: "Rows written in D1, as billed", labels: OF_DATABASE },
  d1_retries_total: {
    type: "counter",
    help: "Statements and batches that were sent to D1 again after a transient error",
    labels: OF_DATABASE,
  },
  pulls_total: {
    type: "counter",
    help: "Pulls of upstreams, by how they ended",
    labels: { source: ["upstream"], outcome: OUTCOMES },
  },
  invocations_total: {
    type: "counter",
    help: "Requests of Workers, as billed: HTTP requests, connections of clients, minute jobs, batches of queues",
    labels: { source: ["websocket", "http", "queue", "cron"] },
  },
  object_requests_total: {
    type: "counter",
    help: "Requests of objects, as billed, without messages of clients and alarms",
    labels: { source: ["websocket", "http", "queue", "upstream"] },
  },
  message_seconds: {
    type: "histogram",
    help: "Time from a message of a client until everything that it asks for has been sent",
    labels: { verb: VERBS },
  },
  http_request_seconds: {
    type: "histogram",
    help: "Time from an HTTP request until its answer begins",
    labels: { route: ROUTES },
  },
  commit_seconds: {
    type: "histogram",
    help: "Time of one commit of events in D1",
    labels: { source: INGESTED },
  },
  probe_failures_total: {
    type: "counter",
    help: "Failures of the relay's test of itself",
    labels: { source: ["cron"] },
  },
} as const satisfies Record<string, Counted>;

/**
 * The upper bounds of the buckets of all histograms, in seconds. A read of D1 nearby takes about 10 ms, and clients give up
 * after about 10 s. Each bound is about three times the one before, so a percentile is wrong by at most that factor. More
 * buckets would make every message to the counters longer.
 */
export const BUCKETS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10] as const;

/** Metrics that are read when somebody asks. Hubs report the first two with their counts. */
export const READ = {
  connections: { type: "gauge", help: "Open connections of clients, as the hubs last reported" },
  subscriptions: { type: "gauge", help: "Open subscriptions of clients, as the hubs last reported" },
  d1_size_bytes: { type: "gauge", help: "Size of the database" },
  d1_size_limit_bytes: { type: "gauge", help: "Size that the database may reach (MAX_STORE_BYTES)" },
  upstream_lag_seconds: {
    type: "gauge",
    help: "Seconds since everything was last asked for, of each upstream",
  },
  upstream_failures: {
    type: "gauge",
    help: "Pulls of an upstream that have failed since the last progress",
  },
  dead_letters: { type: "gauge", help: "Dead letters in the database" },
  dead_letters_dropped_total: {
    type: "counter",
    help: "Dead letters removed because of their age or number, ever",
  },
  queue_messages: { type: "gauge", help: "Messages in the queues of events, up to a minute ago" },
  queue_oldest_seconds: { type: "gauge", help: "Age of the oldest of these messages" },
  probe_seconds: { type: "gauge", help: "Time of the relay's last test of itself" },
} as const satisfies Record<string, { type: "counter" | "gauge"; help: string }>;

export type CountedName = keyof typeof COUNTED;
export type ReadName = keyof typeof READ;

type NamesOf<Type> = {
  [N in CountedName]: (typeof COUNTED)[N]["type"] extends Type ? N : never;
}[CountedName];
export type CounterName = NamesOf<"counter">;
export type HistogramName = NamesOf<"histogram">;

/** The labels of one time series. Any source fits, because most code is told its source. */
export type LabelsOf<N extends CountedName> = {
  [L in keyof (typeof COUNTED)[N]["labels"]]: L extends "source"
    ? Source
    : (typeof COUNTED)[N]["labels"][L] extends readonly (infer Value extends string)[]
      ? Value
      : never;
};

/** The value of a metric that is read, or one for each upstream. */
export type ReadValue = number | readonly { upstream: string; value: number }[];

export interface Metrics {
  /** Adds to a counter. Never throws and never waits. */
  add<N extends CounterName>(name: N, labels: LabelsOf<N>, amount?: number): void;
  /** Adds a duration to a histogram. Never throws and never waits. */
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number): void;
  /** Starts a stopwatch. Returns a function that returns the seconds since then. */
  stopwatch(): () => number;
}

/** Counts nothing. */
export const noMetrics: Metrics = {
  add: () => undefined,
  observe: () => undefined,
  stopwatch: () => () => 0,
};
