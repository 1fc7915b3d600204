/** Collects all events that match, page by page, for an export. */
import type { Event } from "../../nostr/event.ts";
import { ApiError, getEvents } from "../shared/api.ts";

export const MOST_COLLECTED = 10_000;
/** In characters of JSON: a browser must hold them. */
const MOST_CHARACTERS = 32_000_000;
/** The relay gives fewer if its limit is lower. */
const PAGE = 500;
const MOST_WAITS = 5;

export interface Collected {
  events: Event[];
  /** Why these are not all; undefined if they are. */
  cut: string | undefined;
}

export interface CollectOptions {
  signal: AbortSignal;
  onProgress(events: number): void;
  /** Resolves after some seconds, or rejects when the signal aborts. */
  wait(seconds: number): Promise<void>;
}

/** Rejects with an ApiError, or with the reason of the signal. */
export async function collect(
  parameters: URLSearchParams,
  { signal, onProgress, wait }: CollectOptions,
): Promise<Collected> {
  const events: Event[] = [];
  let characters = 0;
  let waits = 0;
  for (let cursor: string | null = null; ;) {
    const asked = new URLSearchParams(parameters);
    asked.set("limit", String(PAGE));
    if (cursor !== null) asked.set("cursor", cursor);
    try {
      const page = await getEvents(asked, signal);
      for (const event of page.events) {
        if (events.length === MOST_COLLECTED)
          return { events, cut: `at most ${MOST_COLLECTED} are exported` };
        characters += JSON.stringify(event).length;
        if (characters > MOST_CHARACTERS) return { events, cut: "more would not fit into the browser" };
        events.push(event);
      }
      onProgress(events.length);
      if (page.cursor === null) return { events, cut: page.unfinished };
      cursor = page.cursor;
      waits = 0;
    } catch (error) {
      const seconds = error instanceof ApiError ? error.retryAfter : undefined;
      waits += 1;
      if (seconds === undefined || waits > MOST_WAITS) throw error;
      await wait(seconds);
    }
  }
}

/** Returns the text of a file. Lines: one event on each, as many programs read them. */
export function exportText(events: readonly Event[], form: "json" | "jsonl"): string {
  const lines = events.map((event) => JSON.stringify(event));
  return form === "json" ? `[${lines.join(",\n")}]\n` : lines.map((line) => `${line}\n`).join("");
}
