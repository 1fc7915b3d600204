/** The cost of work. One unit is about the work of reading one row in D1 (1.5 µs where it was measured). */
import type { Event } from "../../nostr/event.ts";
import type { JsonShape } from "../../nostr/json.ts";
import type { RangeWork } from "../../nostr/negentropy.ts";
import { textLength } from "../../nostr/search.ts";

/** Opening a connection. */
export const CONNECTION_COST = 50;
/**
 * Checking a signature takes 95 µs in workerd. If the module could not be built, it takes 0.4 ms, and costs the same: then
 * a client may use more of the relay's time, and no client is served at the expense of another.
 */
export const SIGNATURE_COST = 65;
const ROW_WRITTEN_COST = 25;
/** Rows of an event, besides its tags. */
const EVENT_ROWS = 5;
/** A REQ takes 0.2 ms of the hub, even if nothing is found. */
export const QUERY_COST = 100;
/** A message to a hub and its answer: 75 µs. */
const FRAME_COST = 50;
/** Refusing a message that is no message of the protocol: parsing it fails, which takes 0.1 ms, and the answer is sent. */
export const INVALID_COST = 150;
/** Reading a message: about 6 µs per KiB. */
const KIBIBYTE_READ_COST = 4;
/** Parsing keys and values: at most 0.1 to 0.15 µs each, where a key counts ten times. */
const JSON_STEPS_FOR_ONE = 10;
const KIBIBYTE_HASHED_COST = 8;
/** The minimum cost of asking again, before the relay looks at the question. */
export const RETRY_COST = FRAME_COST + QUERY_COST;
/** Sending an event takes at least 10 µs. */
const EVENT_SENT_COST = 5;
/** Bytes of a sent event that cost one unit: it stays in memory until the client reads it. */
const BYTES_SENT_FOR_ONE = 256;
/** Steps of matching that cost one unit. Looking up a value or term in an event takes 0.2 µs. */
const LOOK_UPS_FOR_ONE = 8;
/** Splitting a text into terms: 0.15 to 0.35 µs per character, depending on the script. */
const CHARACTERS_FOR_ONE = 5;
/**
 * Reconciliation (NIP-77): the cost of a range and of a fingerprint, and the records of a fingerprint that cost one
 * unit.
 */
const RANGE_COST = 1;
const FINGERPRINT_COST = 5;
const RECORDS_FOR_ONE = 50;

/** Filing a subscription, declaring it, saving it for hibernation, and undoing all that: 5 µs per value. */
export const VALUE_FILED_COST = 3;

/** In characters. Reading a longer message takes more than 0.1 ms. */
export const LONG_FRAME = 16_384;

export function frameCost(frame: string | ArrayBuffer): number {
  return FRAME_COST + lengthCost(lengthOf(frame));
}

export function isLong(frame: string | ArrayBuffer): boolean {
  return lengthOf(frame) > LONG_FRAME;
}

/** In characters, or in bytes. */
export function lengthOf(frame: string | ArrayBuffer): number {
  return typeof frame === "string" ? frame.length : frame.byteLength;
}

/** Returns the cost of reading a text of this length. */
export function lengthCost(length: number): number {
  return Math.floor((length * KIBIBYTE_READ_COST) / 1024);
}

/** Returns the cost of parsing a text, beyond its length. */
export function parsingCost({ steps }: JsonShape): number {
  return Math.floor(steps / JSON_STEPS_FOR_ONE);
}

/** Returns the cost of checking an id: each character is written as JSON and hashed. */
export function hashingCost({ content, tags }: Pick<Event, "content" | "tags">): number {
  const size = tags.reduce((sum, tag) => tag.reduce((sum, text) => sum + text.length, sum), content.length);
  return Math.floor((size * KIBIBYTE_HASHED_COST) / 1024);
}

/**
 * Returns the cost of storing an event. D1 reports written rows only for a whole commit, so they are estimated from
 * the tags.
 */
export function storingCost({ tags }: Pick<Event, "tags">): number {
  return ROW_WRITTEN_COST * (EVENT_ROWS + tags.length);
}

/** Returns the cost of making an event searchable, also if it is already stored. */
export function textCost(event: Event): number {
  return Math.floor(textLength(event) / CHARACTERS_FOR_ONE);
}

/** Returns the cost of a read that is known in advance: every event that was asked for may be found. */
export function expectedCost(limits: readonly number[]): number {
  return limits.reduce((sum, limit) => sum + limit, 0);
}

export function filingCost(values: number): number {
  return VALUE_FILED_COST * values;
}

export function sendingCost({ json }: { json: string }): number {
  return EVENT_SENT_COST + Math.floor(json.length / BYTES_SENT_FOR_ONE);
}

/** Returns the cost of answering one range of a reconciliation. */
export function comparisonCost({ fingerprints, records }: RangeWork): number {
  return RANGE_COST + FINGERPRINT_COST * fingerprints + records / RECORDS_FOR_ONE;
}

/** Returns the cost of sending the answer to a message of a reconciliation. A byte of it is two characters in the frame. */
export function answerCost({ length }: Uint8Array): number {
  return Math.floor((2 * length) / BYTES_SENT_FOR_ONE);
}

/** Returns the cost of testing filters, from steps of `Candidate`. Most filters cost less than one unit. */
export function matchingCost(steps: number): number {
  return steps / LOOK_UPS_FOR_ONE;
}
