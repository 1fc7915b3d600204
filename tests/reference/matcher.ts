/** Filters and replacement by NIP-01, in as few lines as possible and without code of the relay. */
import type { Event } from "../../nostr/event.ts";

/** A filter as clients write it. */
export type WireFilter = Record<string, unknown> & {
  ids?: string[];
  authors?: string[];
  kinds?: number[];
  since?: number;
  until?: number;
  limit?: number;
};

export function matches(filter: WireFilter, event: Event): boolean {
  for (const [field, wanted] of Object.entries(filter)) {
    if (field === "ids" && !(wanted as string[]).includes(event.id)) return false;
    if (field === "authors" && !(wanted as string[]).includes(event.pubkey)) return false;
    if (field === "kinds" && !(wanted as number[]).includes(event.kind)) return false;
    if (field === "since" && event.created_at < (wanted as number)) return false;
    if (field === "until" && event.created_at > (wanted as number)) return false;
    if (!field.startsWith("#")) continue;
    const values = event.tags.filter((tag) => tag[0] === field[1] && tag.length > 1).map((tag) => tag[1]);
    if (!values.some((value) => (wanted as unknown[]).includes(value))) return false;
  }
  return true;
}

export function inOrder(events: Event[]): Event[] {
  return [...events].sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
}

/** Returns the events that remain after all of these have been stored, in any order. */
export function survivors(events: Event[]): Event[] {
  const kept = new Map<string, Event>();
  for (const event of inOrder(events)) {
    const { kind } = event;
    if (kind >= 20_000 && kind < 30_000) continue;
    const replaceable = kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000);
    const addressable = kind >= 30_000 && kind < 40_000;
    const d = addressable ? (event.tags.find((tag) => tag[0] === "d")?.[1] ?? "") : "";
    const key = replaceable || addressable ? JSON.stringify([event.pubkey, kind, d]) : event.id;
    if (!kept.has(key)) kept.set(key, event);
  }
  return inOrder([...kept.values()]);
}

/** Returns the stored events for a REQ: newest first, with the limit of each filter, each event once. */
export function storedAnswer(filters: WireFilter[], events: Event[], defaultLimit: number): Event[] {
  const found = filters.flatMap((filter) =>
    inOrder(events.filter((event) => matches(filter, event))).slice(0, filter.limit ?? defaultLimit),
  );
  return inOrder([...new Set(found)]);
}
