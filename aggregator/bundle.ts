/** What travels on the events queue: bundles of events that one upstream sent. */

export interface Bundle {
  /** Of this shape. A queue outlives a deployment, so every version ever released stays readable. */
  version: 1;
  upstream: string;
  /** Trace context of the pull, W3C. */
  traceparent?: string;
  /** Not trusted: as the upstream sent them. */
  events: unknown[];
}

/** Queues bill by 64 KB and take 128 KB: a bundle fills one unit, unless a single event is longer than that. */
const BUNDLE_BYTES = 60_000;
const MESSAGE_BYTES = 120_000;
/** And 100 messages or 256 KB at once. */
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 240_000;

/** In their order. `oversized` are events that fit in no message, or are longer than `longest` bytes. */
export function bundleEvents(
  events: unknown[],
  head: Pick<Bundle, "upstream" | "traceparent">,
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

/** In their order, as a queue takes them. */
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

/** Undefined when this is no bundle of any version. */
export function readBundle(body: unknown): Bundle | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { version, upstream, traceparent, events } = body as Partial<Record<keyof Bundle, unknown>>;
  if (version !== 1 || typeof upstream !== "string" || !Array.isArray(events)) return undefined;
  return { version, upstream, events, ...(typeof traceparent === "string" && { traceparent }) };
}

/** As JSON in UTF-8. */
export function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
