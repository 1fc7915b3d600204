/** Which attributes of a span may be sent. */

/**
 * The attributes that are sent: counts, names, and upstreams that the operator chose. The library that records invocations
 * has many more, such as whole URLs, which contain search words and keys.
 */
const SENT = new Set([
  "verb",
  "source",
  "events",
  "upstream",
  "failed",
  "trace.parent",
  "error.type",
  "faas.trigger",
  "http.request.method",
  "http.response.status_code",
  "http.route",
  "queue.name",
  "queue.batch_size",
]);

/** Returns the attributes that may be sent and have a value. */
export function attributesToSend<T>(attributes: Record<string, T>): Record<string, NonNullable<T>> {
  const sent = Object.entries(attributes).filter(
    (entry): entry is [string, NonNullable<T>] => SENT.has(entry[0]) && entry[1] != null,
  );
  return Object.fromEntries(sent);
}

/** Returns the type of an error. Its message may quote a client or an upstream, so it is not sent. */
export function errorType(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
