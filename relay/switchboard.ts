/** Joins hubs: which of them want what, fan-out in batches, and the messages they exchange. */
import type { Event } from "../nostr/event.ts";

/** News of the log, from whoever committed to it. Outlives a deployment, so it says its version. */
export interface Publication {
  version: 1;
  /** The events are the only ones in (prev, last] of the log. */
  prev: number;
  last: number;
  events: Published[];
  /** Passed on and never stored: outside the log (NIP-01). */
  ephemeral: Event[];
  /** Trace context of the commit, W3C. */
  traceparent?: string;
}

export interface Published {
  seq: number;
  event: Event;
}
