/** The events that Watch shows, and those that wait while a person reads. Both are bounded, however many come. */
import type { Event } from "../../nostr/event.ts";

export const MOST_EVENTS = 2000;
/** In characters of JSON. An event may have 100,000. */
const MOST_CHARACTERS = 16_000_000;

interface Entry {
  event: Event;
  size: number;
}

export class Feed {
  /** What is shown: what came last is first. A new array after each change. */
  events: readonly Event[] = [];
  /** How many events wait, including those of which only the number is left. */
  waitingCount = 0;
  /** How many events have been shown, including those that are gone. */
  shownCount = 0;
  /** In the order in which they came, as are those that wait. */
  #shown: Entry[] = [];
  #waiting: Entry[] = [];
  #waitingCharacters = 0;
  #ids = new Set<string>();

  /** Lets an event wait. `size` is in characters. Returns whether it is new. */
  add(event: Event, size: number): boolean {
    if (this.#ids.has(event.id)) return false;
    this.#ids.add(event.id);
    this.#waiting.push({ event, size });
    this.#waitingCharacters += size;
    this.waitingCount += 1;
    if (this.#waiting.length > 2 * MOST_EVENTS || this.#waitingCharacters > 2 * MOST_CHARACTERS) {
      this.#waiting = newest(this.#waiting);
      this.#waitingCharacters = this.#waiting.reduce((sum, entry) => sum + entry.size, 0);
      this.#forget();
    }
    return true;
  }

  /** Shows what waits. */
  take(): void {
    if (this.#waiting.length === 0) return;
    this.#shown = newest([...this.#shown, ...this.#waiting]);
    this.shownCount += this.waitingCount;
    this.#dropWaiting();
    this.events = this.#shown.map(({ event }) => event).toReversed();
    this.#forget();
  }

  clear(): void {
    this.#dropWaiting();
    this.#shown = [];
    this.events = [];
    this.#ids.clear();
  }

  #dropWaiting(): void {
    this.#waiting = [];
    this.#waitingCharacters = 0;
    this.waitingCount = 0;
  }

  /** Forgets the ids of events that are gone. */
  #forget(): void {
    this.#ids = new Set([...this.#shown, ...this.#waiting].map(({ event }) => event.id));
  }
}

/** Returns the last entries that may be kept. The last one always may. */
function newest(entries: Entry[]): Entry[] {
  let characters = 0;
  let start = entries.length;
  while (start > 0 && entries.length - start < MOST_EVENTS) {
    characters += entries[start - 1]?.size ?? 0;
    if (characters > MOST_CHARACTERS && start < entries.length) break;
    start -= 1;
  }
  return entries.slice(start);
}
