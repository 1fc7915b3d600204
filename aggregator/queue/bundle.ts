/** Bundles: the messages of the events queue. A bundle has events of one upstream. */

export interface Bundle {
  /** The version of this shape. A queue outlives a deployment, so every released version stays readable. */
  version: 1;
  upstream: string;
  /** W3C trace context of the pull. */
  traceparent?: string;
  /** The events as the upstream sent them: not trusted. */
  events: unknown[];
  /** How often these events have become dead letters. Present if an operator has asked for them again. */
  attempts?: number;
}

/** Queues bill per 64 KB and accept 128 KB. A bundle fills one unit, unless one event is longer than that. */
const BUNDLE_BYTES = 60_000;
const MESSAGE_BYTES = 120_000;
/** A queue accepts at most 100 messages and 256 KB per call. */
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 240_000;

/**
 * Puts events into bundles, in order. `oversized` are events that fit in no message, or have more than `longest`
 * bytes.
 */
export function bundleEvents(
  events: unknown[],
  head: Pick<Bundle, "upstream" | "traceparent" | "attempts">,
  longest: number,
): { bundles: Bundle[]; oversized: unknown[] } {
  const bundles: Bundle[] = [];
  const oversized: unknown[] = [];
  let room = 0;
  for (const event of events) {
    const bytes = bytesOf(event);
    if (bytes > Math.min(MESSAGE_BYTES, longest)) {
      oversized.push(event);
      continue;
    }
    if (bytes > room) {
      bundles.push({ version: 1, ...head, events: [] });
      room = BUNDLE_BYTES;
    }
    bundles.at(-1)?.events.push(event);
    room -= bytes + 1;
  }
  return { bundles, oversized };
}

/** Splits messages, in order, into batches that a queue accepts. */
export function queueBatches<T>(messages: T[]): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const message of messages) {
    const bytes = bytesOf(message);
    if (bytes > room || batches.at(-1)?.length === BATCH_MESSAGES) {
      batches.push([]);
      room = BATCH_BYTES;
    }
    batches.at(-1)?.push(message);
    room -= bytes;
  }
  return batches;
}

/** Reads a bundle of any version; undefined for anything else. */
export function readBundle(body: unknown): Bundle | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { version, upstream, traceparent, events, attempts } = body as Partial<Record<keyof Bundle, unknown>>;
  if (version !== 1 || typeof upstream !== "string" || !Array.isArray(events)) return undefined;
  return {
    version,
    upstream,
    events,
    ...(typeof traceparent === "string" && { traceparent }),
    ...(typeof attempts === "number" && { attempts }),
  };
}

/** Returns the size of a value as JSON in UTF-8. */
export function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
