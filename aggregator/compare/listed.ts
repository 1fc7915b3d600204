/** Collects the lists of ids of a comparison until they cover whole seconds: a slice ends only between two seconds. */
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Stretch } from "../../nostr/negentropy-initiator.ts";
import { addSums, compareBytes, TIME_BYTES, timeOf } from "../../nostr/negentropy-wire.ts";
import type { Slice } from "../../store/database/slices.ts";

/** Ids of one stretch: their sum, how many there are, how many of them are here, and how many were queued. */
export interface Listing extends Stretch {
  sum: Uint8Array;
  held: number;
  here: number;
  queued: number;
}

/** How long after they were queued events should be here, in seconds. Four times as long at each further try. */
const STORED_WITHIN = 300;
/** Events that are never stored are then known to be refused, or superseded. */
const MOST_TRIES = 4;

export class Listings {
  /** In order. None has whole seconds only. */
  private parts: Listing[] = [];

  /** Adds a list. Returns what now covers whole seconds. */
  add(listing: Listing): Listing | undefined {
    const before = this.parts.findLast(({ upper }) => isSplitAt(upper, listing.lower));
    const after = this.parts.find(({ lower }) => isSplitAt(lower, listing.upper));
    const whole = joined([before, listing, after].filter((part) => part !== undefined));
    this.parts = this.parts.filter((part) => part !== before && part !== after);
    if (isBetweenSeconds(whole.lower) && isBetweenSeconds(whole.upper)) return whole;
    this.parts.push(whole);
    return undefined;
  }
}

/** Returns the slice of a list that covers whole seconds. `tries`: how often it has been listed only to look again. */
export function sliceOf(
  { lower, upper, sum, held, here, queued }: Listing,
  tries: number,
  now: number,
): Slice {
  return {
    since: timeOf(lower),
    until: timeOf(upper),
    held,
    here,
    sum: bytesToHex(sum),
    ...(queued > 0 && tries < MOST_TRIES && { again: { at: now + STORED_WITHIN * 4 ** tries, tries } }),
  };
}

function joined(parts: Listing[]): Listing {
  return parts.reduce((a, b) => ({
    lower: a.lower,
    upper: b.upper,
    sum: addSums(a.sum, b.sum),
    held: a.held + b.held,
    here: a.here + b.here,
    queued: a.queued + b.queued,
  }));
}

/** Whether one stretch ends where another starts, in the middle of a second. */
function isSplitAt(end: Uint8Array, start: Uint8Array): boolean {
  return compareBytes(end, start) === 0 && !isBetweenSeconds(end);
}

function isBetweenSeconds(bound: Uint8Array): boolean {
  return bound.subarray(TIME_BYTES).every((byte) => byte === 0);
}
