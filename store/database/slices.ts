/**
 * What an upstream holds, as last compared with NIP-77: part of the stored progress of a filter. `aggregator/compare/slices.ts`
 * changes it.
 */

export const DAY = 86_400;
/** Slices of the last days do not reach over midnight (UTC), so that they can be counted by day. */
const COUNTED_DAYS = 30;

/** Returns the midnight from which on events are counted by day. `now` is in Unix seconds. */
export function countedFrom(now: number): number {
  return (Math.floor(now / DAY) - COUNTED_DAYS + 1) * DAY;
}

export interface Share {
  /** Events that the upstream holds, and how many of them were here when they were last listed. */
  held: number;
  here: number;
}

/** Some events of a day that were looked at, because the upstream does not speak NIP-77. */
export interface Sample extends Share {
  /** The start of the day, and when it was looked at, in Unix seconds. */
  since: number;
  at: number;
  /** How many events of the day the upstream says that it holds (NIP-45). Absent: it does not say. */
  counted?: number;
}

/** The events of an upstream in a range of created_at, in Unix seconds. */
export interface Slice extends Share {
  since: number;
  /** Exclusive. */
  until: number;
  /** The sum of their ids (`sumOfIds`), in hex. With `held` it gives the fingerprint. */
  sum: string;
  /** When to list them again, because some were queued: are they here? And how often that has been done. */
  again?: { at: number; tries: number };
}

export interface Slices {
  /** How far back the upstream is compared, in Unix seconds. */
  floor: number;
  /** Oldest first. They do not overlap. Between them are holes, which have never been compared to their end. */
  slices: Slice[];
  /** When everything was last compared to the end. Unix seconds. */
  at?: number;
  /** When the oldest slice was last asked for by a REQ: does it hold more than is listed? Unix seconds. Absent: never. */
  checkedAt?: number;
  /** How many events, and how many seconds that have not been compared, the upstream accepts in one comparison. */
  most?: number;
  span?: number;
  /** Old slices take turns: when the last round began, and below which second it goes on. */
  round?: { at: number; below?: number };
  /** Number of pulls in a row that have compared nothing to its end. Absent: the last one has. */
  vain?: number;
  /** The rules by which events were last refused (store/upstreams/refused-ids.ts). Under others, some may be accepted. */
  rules?: string | undefined;
  /** Why the upstream was not compared, and when that was. */
  refused?: { at: number; reason: string };
}
