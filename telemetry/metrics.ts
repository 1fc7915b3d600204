/** Everything that is counted: one closed list, one call per happening. */

/** Name → what it counts. All are counters. */
export const METRICS = {
  relay_connect_counts: "Connections opened: by clients to the relay, and by the aggregator to upstreams",
  message_received_counts: "Messages received: from clients, and from upstreams",
  queue_publish_counts: "Messages put on a queue by the aggregator",
  cleanup_counts: "Connections closed and cleaned up: of clients, and to upstreams",
  events_stored_counts: "Events stored",
  events_refused_counts: "Events refused",
  events_delivered_counts: "Events sent to live subscriptions",
  events_dead_counts: "Events put on the dead-letter queue",
  d1_rows_read: "Rows read in D1, which bills them",
  d1_rows_written: "Rows written in D1, which bills them",
} as const;

export type MetricName = keyof typeof METRICS;

/** Which part of the system it happened at. */
export type Door = "websocket" | "http" | "queue" | "upstream";

export interface Metrics {
  /** Never throws and never waits. */
  add(name: MetricName, door: Door, amount?: number): void;
}

/** Counts nothing. */
export const noMetrics: Metrics = { add: () => undefined };
