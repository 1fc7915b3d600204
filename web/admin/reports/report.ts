/** What the reports of an event say (NIP-56). */
import type { Event } from "../../../nostr/event.ts";

export interface Reported {
  id: string;
  /** The event; undefined if the relay does not show it to this admin. */
  event: Event | undefined;
  /** The newest report of each reporter. */
  reports: Report[];
}

export interface Report {
  reporter: string;
  /** Such as spam or nudity; empty if the report does not say. */
  type: string;
  text: string;
  at: number;
}

const LONGEST_TYPE = 40;

/** Returns the newest report of each reporter about an event, the newest first. */
export function reportsOf(id: string, events: readonly Event[]): Report[] {
  const reports = new Map<string, Report>();
  for (const event of events.toSorted((a, b) => b.created_at - a.created_at)) {
    const tag = event.tags.find(([name, value]) => name === "e" && value === id);
    if (!tag || reports.has(event.pubkey)) continue;
    const type = (tag[2] ?? "").slice(0, LONGEST_TYPE);
    reports.set(event.pubkey, { reporter: event.pubkey, type, text: event.content, at: event.created_at });
  }
  return [...reports.values()];
}

/** Returns how many reports there are of each type, the most frequent first. */
export function countedTypes(reports: readonly Report[]): [type: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { type } of reports) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
