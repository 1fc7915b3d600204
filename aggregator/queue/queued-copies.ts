/**
 * Remembers for some minutes which events the pulls of this isolate have put on the queue. Upstreams that are pulled at the same time
 * send the same events before the first copy is stored. Without this memory each copy would go through the queue.
 */
import { type Event, idOf, parseEvent } from "../../nostr/event.ts";

/** A queue that is further behind than this, in seconds, gets some copies again. */
const SECONDS = 600;
/** About 15 MB. */
const MOST = 50_000;

interface Copy {
  sig: string;
  /** Unix seconds. */
  at: number;
}

export interface QueuedCopiesDeps {
  /** Returns the id that an event must have (NIP-01). */
  eventId(event: Event): string;
  /** Unix seconds. */
  now(): number;
}

export class QueuedCopies {
  readonly #deps: QueuedCopiesDeps;
  /** By id, the oldest first. */
  readonly #copies = new Map<string, Copy>();

  constructor(deps: QueuedCopiesDeps) {
    this.#deps = deps;
  }

  /** Returns whether an event with this id and signature is on the queue, or was. */
  has(event: unknown): boolean {
    const copy = this.#copies.get(String(idOf(event)));
    return copy !== undefined && copy.sig === (event as { sig?: unknown }).sig && this.#isRecent(copy);
  }

  /**
   * Remembers events that were put on the queue. An event whose id is not that of its content is not remembered: it would
   * keep out the true one.
   */
  add(events: readonly unknown[]): void {
    const at = this.#deps.now();
    for (const given of events) {
      const parsed = parseEvent(given);
      if (!parsed.ok || this.#deps.eventId(parsed.event) !== parsed.event.id) continue;
      const { id, sig } = parsed.event;
      // At the end, because it is the newest now.
      this.#copies.delete(id);
      this.#copies.set(id, { sig, at });
    }
    for (const [id, copy] of this.#copies) {
      if (this.#copies.size <= MOST && this.#isRecent(copy)) break;
      this.#copies.delete(id);
    }
  }

  #isRecent({ at }: Copy): boolean {
    return at > this.#deps.now() - SECONDS;
  }
}
