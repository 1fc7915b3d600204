/** Everything that is counted: one closed list, one call per happening. */

/** Which part of the system it happened at. */
export type Door = "websocket" | "http" | "queue" | "upstream" | "cron";

interface Metric {
  about: string;
  doors: readonly Door[];
}

const DOORS = ["websocket", "http", "queue"] as const;

/** All are counters. */
export const METRICS = {
  relay_connect_counts: {
    about: "Connections opened: by clients to the relay, by the aggregator to upstreams",
    doors: ["websocket", "upstream"],
  },
  message_received_counts: {
    about: "Messages received: from clients, and from upstreams",
    doors: ["websocket", "upstream"],
  },
  queue_publish_counts: { about: "Messages put on a queue by the aggregator", doors: ["upstream"] },
  cleanup_counts: {
    about: "Connections ended and cleaned up after: of clients, and to upstreams",
    doors: ["websocket", "upstream"],
  },
  events_stored_counts: { about: "Events stored", doors: DOORS },
  events_refused_counts: { about: "Events refused", doors: DOORS },
  events_spared_counts: {
    about: "Events that a rule would have refused, if POLICY_DRY_RUN were off",
    doors: DOORS,
  },
  clients_limited_counts: {
    about: "Messages and requests refused because of RATE_LIMIT",
    doors: ["websocket", "http"],
  },
  clients_spared_counts: {
    about: "Times that a client would have had to wait, if POLICY_DRY_RUN were off",
    doors: ["websocket", "http"],
  },
  slow_clients_counts: { about: "Clients cut off because they did not read", doors: ["websocket"] },
  events_delivered_counts: { about: "Events sent to live subscriptions", doors: ["websocket"] },
  events_expired_counts: { about: "Events removed because they expired", doors: ["cron"] },
  events_dead_counts: { about: "Events put on the dead-letter queue", doors: ["queue"] },
  spans_dropped_counts: {
    about: "Trace spans that the collector did not take in time",
    doors: ["websocket", "http", "upstream"],
  },
  d1_rows_read: { about: "Rows read in D1, which bills them", doors: [...DOORS, "cron"] },
  d1_rows_written: { about: "Rows written in D1, which bills them", doors: [...DOORS, "cron"] },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;

export interface Metrics {
  /** Never throws and never waits. */
  add(name: MetricName, door: Door, amount?: number): void;
}

/** Counts nothing. */
export const noMetrics: Metrics = { add: () => undefined };
