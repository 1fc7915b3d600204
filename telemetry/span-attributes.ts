/** Which attributes of a span may be sent. */
import { maskQueries } from "./mask-queries.ts";
import type { Attributes } from "./tracing.ts";

/**
 * The attributes that are sent: counts, names, and upstreams that the operator chose. The library that records invocations
 * has many more, such as whole URLs, which contain search words and keys.
 */
const SENT = new Set([
  "verb",
  "source",
  "hub",
  "events",
  "upstream",
  "trace.parent",
  "error.type",
  "faas.trigger",
  "http.request.method",
  "http.response.status_code",
  "http.route",
  "network.protocol.name",
  "messaging.system",
  "messaging.destination.name",
  "messaging.operation.type",
  "messaging.batch.message_count",
  "db.system.name",
  "db.operation.name",
  "db.operation.batch.size",
  "d1.rows_read",
  "d1.rows_written",
  "d1.attempts",
]);

/** Returns the attributes that may be sent and have a value. */
export function attributesToSend(attributes: Readonly<Record<string, unknown>>): Attributes {
  const sent: Attributes = {};
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    const isValue = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    if (isValue && SENT.has(name)) sent[name] = name === "upstream" ? maskQueries(String(value)) : value;
  }
  return sent;
}

/** Returns the type of an error. Its message may quote a client or an upstream, so it is not sent. */
export function errorType(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
