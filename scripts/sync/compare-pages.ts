/** Compares what two relays have page by page, newest first. Holds the pages of the seconds that are not compared yet. */
import { idOf } from "../../nostr/event.ts";
import type { Side } from "../../nostr/negentropy-bridge.ts";

/** Pages of events, newest first. A page may end within a second. */
export type Pages = AsyncIterable<unknown[]>;

const SIDES = ["left", "right"] as const;

/** Yields the events that only one side has sent. */
export async function* comparePages(pages: Record<Side, Pages>): AsyncGenerator<Record<Side, unknown[]>> {
  const readers = { left: new Reader(pages.left), right: new Reader(pages.right) };
  const { left, right } = readers;
  try {
    while (left.reached >= 0 || right.reached >= 0) {
      // The one that is less far back goes on, so that neither holds much.
      for (const side of SIDES) {
        const { reached } = readers[side];
        if (reached >= 0 && reached >= Math.max(left.reached, right.reached)) await readers[side].read();
      }
      const level = Math.max(left.reached, right.reached);
      const [ofLeft, ofRight] = [left.take(level), right.take(level)];
      yield { left: without(ofLeft, ofRight), right: without(ofRight, ofLeft) };
    }
  } finally {
    await left.end();
    await right.end();
  }
}

function without(events: Map<string, unknown>, others: Map<string, unknown>): unknown[] {
  return [...events].filter(([id]) => !others.has(id)).map(([, event]) => event);
}

/** Reads the pages of one side. */
class Reader {
  /** Everything that is newer than this second has been read: at first nothing, at the end all. */
  reached = Infinity;
  readonly #pages: AsyncIterator<unknown[]>;
  #held: unknown[] = [];

  constructor(pages: Pages) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  async read(): Promise<void> {
    const { value, done } = await this.#pages.next();
    if (done) this.reached = -1;
    else {
      this.#held.push(...(value as unknown[]));
      for (const event of value as unknown[]) this.reached = Math.min(this.reached, secondOf(event));
    }
  }

  /** Returns, and drops, what it has of the seconds after this one, by id. */
  take(level: number): Map<string, unknown> {
    const isTaken = (event: unknown) => secondOf(event) > level;
    const taken = this.#held.filter(isTaken);
    this.#held = this.#held.filter((event) => !isTaken(event));
    return new Map(taken.map((event) => [idOf(event) ?? "", event]));
  }

  async end(): Promise<void> {
    await this.#pages.return?.();
  }
}

/** Events without a time are of the beginning: what they are is found out when they are transferred. */
function secondOf(event: unknown): number {
  const second = (event as { created_at?: unknown } | null)?.created_at;
  return Number.isSafeInteger(second) ? Math.max(0, second as number) : 0;
}
