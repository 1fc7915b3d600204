/** The list of all metrics. Each is counted with one call where it happens. */

/** The source: the part of the system where it happened. */
export type Source = "websocket" | "http" | "queue" | "upstream" | "cron";

interface Metric {
  about: string;
  sources: readonly Source[];
}

const INGESTED = ["websocket", "http", "queue"] as const;

/**
 * All counters. Add new ones at the end: the n-th is `doublen` in Analytics Engine, whose points live for three months. A point
 * has at most 20 doubles (https://developers.cloudflare.com/analytics/analytics-engine/limits/).
 */
export const METRICS = {
  relay_connect_counts: {
    about: "Connections opened: by clients, or to upstreams",
    sources: ["websocket", "upstream"],
  },
  message_received_counts: {
    about: "Messages received: from clients, or from upstreams",
    sources: ["websocket", "upstream"],
  },
  queue_publish_counts: { about: "Messages that the aggregator put on a queue", sources: ["upstream"] },
  cleanup_counts: {
    about: "Connections closed and cleaned up: of clients, or to upstreams",
    sources: ["websocket", "upstream"],
  },
  events_stored_counts: { about: "Events stored", sources: INGESTED },
  events_refused_counts: { about: "Events refused", sources: INGESTED },
  events_would_refuse_counts: {
    about: "Events that would have been refused without POLICY_DRY_RUN",
    sources: INGESTED,
  },
  clients_limited_counts: {
    about: "Messages and requests refused by RATE_LIMIT",
    sources: ["websocket", "http"],
  },
  clients_would_refuse_counts: {
    about: "Messages and requests that RATE_LIMIT would have refused without POLICY_DRY_RUN",
    sources: ["websocket", "http"],
  },
  slow_clients_counts: { about: "Clients disconnected because they did not read", sources: ["websocket"] },
  events_delivered_counts: { about: "Events sent to live subscriptions", sources: ["websocket"] },
  failed_delivery_counts: {
    about: "Deliveries of the switchboard to a hub that failed",
    sources: ["websocket"],
  },
  events_expired_counts: { about: "Events removed because they expired (NIP-40)", sources: ["cron"] },
  events_pruned_counts: {
    about: "Events removed because of their age (RETENTION, UPSTREAM_RETENTION)",
    sources: ["cron"],
  },
  events_dead_counts: { about: "Events that became dead letters", sources: ["queue"] },
  spans_dropped_counts: {
    about: "Trace spans dropped because the collector was too slow",
    sources: ["websocket", "http", "upstream"],
  },
  d1_rows_read: { about: "Rows read in D1, as billed", sources: [...INGESTED, "upstream", "cron"] },
  d1_rows_written: { about: "Rows written in D1, as billed", sources: [...INGESTED, "upstream", "cron"] },
  d1_retries_counts: {
    about: "Statements and batches that were sent to D1 again after a transient error",
    sources: [...INGESTED, "upstream", "cron"],
  },
} as const satisfies Record<string, Metric>;

/** Metrics that rise and fall. They are read, not counted. */
export const GAUGES = {
  d1_size_bytes: { about: "Size of the database" },
  d1_size_limit_bytes: { about: "Size that the database may reach (MAX_STORE_BYTES)" },
  upstream_lag_seconds: { about: "Seconds since everything was last asked for, of each upstream" },
  upstream_failures: { about: "Pulls of an upstream that have failed since the last progress" },
  dead_letters: { about: "Dead letters in the database" },
  dead_letters_dropped: { about: "Dead letters removed because of their age or number, ever" },
  queue_messages: { about: "Messages in the queues of events, up to a minute ago" },
  queue_oldest_seconds: { about: "Age of the oldest of these messages" },
} as const;

export type GaugeName = keyof typeof GAUGES;

/** The value of a gauge, or one for each upstream. */
export type GaugeValue = number | readonly { upstream: string; value: number }[];

export type MetricName = keyof typeof METRICS;

export interface Metrics {
  /** Adds to a counter. Never throws and never waits. */
  add(name: MetricName, source: Source, amount?: number): void;
}

/** Counts nothing. */
export const noMetrics: Metrics = { add: () => undefined };
