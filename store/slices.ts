/**
 * What an upstream holds, as last compared with NIP-77: part of the stored progress of a filter. `aggregator/slices.ts`
 * changes it.
 */

/** The events of an upstream in a range of created_at, in Unix seconds. */
export interface Slice {
  since: number;
  /** Exclusive. */
  until: number;
  /** How many events the upstream holds there. */
  held: number;
  /** How many of these were here when they were last listed. */
  here: number;
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
  /** How many events, and how many seconds that have not been compared, the upstream accepts in one comparison. */
  most?: number;
  span?: number;
  /** Old slices take turns: when the last round began, and below which second it goes on. */
  round?: { at: number; below?: number };
  /** Why the upstream was not compared, and when that was. */
  refused?: { at: number; reason: string };
}
