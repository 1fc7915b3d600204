/** The share of a batch that an event takes: time of the database, and bytes of the parameter. */
import { DELETION } from "../../nostr/kinds.ts";
import { type Event, versionKey } from "../../nostr/event.ts";
import { searchableText, textLength } from "../../nostr/search.ts";

export interface Weight {
  /** In written rows. */
  work: number;
  /** In UTF-8, as it is passed to the store. */
  bytes: number;
}

const EVENT_ROWS = 5;
/** Work of one target of a deletion, beyond a tag: look it up, remove it with its tags, write a tombstone. */
const DELETION_ROWS = 10;
/** Splitting and indexing this many characters takes about as long as writing one row. */
const CHARACTERS_FOR_ONE = 25;
/** Bytes of the parts of a row whose length is bounded. */
const ROW_BYTES = 400;
/** Bytes of the longest searchable text: 100,000 characters of three bytes. */
const MOST_TEXT_BYTES = 300_000;

/** In characters. Splitting this text takes up to 3 ms. */
const LONGEST_SHORT_TEXT = 10_000;

/** From this size on it is cheaper to ask whether an event is stored than to try to store it again. */
const LARGE = LONGEST_SHORT_TEXT / CHARACTERS_FOR_ONE;

/** Returns whether the text of an event is split only after the event is known to be new. */
export function hasLongText(event: Event): boolean {
  return textLength(event) > LONGEST_SHORT_TEXT;
}

export function isLarge({ work }: Weight): boolean {
  return work >= LARGE;
}

export function weightOf(event: Event): Weight {
  const { kind, tags, content } = event;
  const isDeletion = kind === DELETION;
  const length = textLength(event);
  const isLong = length > LONGEST_SHORT_TEXT;
  const row = JSON.stringify([tags, content, versionKey(event), isLong ? "" : searchableText(event)]);
  const size = ROW_BYTES + new TextEncoder().encode(row).length + (isLong ? MOST_TEXT_BYTES : 0);
  return {
    work: EVENT_ROWS + tags.length * (isDeletion ? DELETION_ROWS : 1) + length / CHARACTERS_FOR_ONE,
    // The targets of a deletion are passed to the store a second time, with the author.
    bytes: isDeletion ? 4 * size : size,
  };
}
