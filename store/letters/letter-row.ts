/** A dead letter as the table has it. What came may be anything: it is only read, never trusted. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { firstCharacters, printable } from "../../nostr/characters.ts";
import { idOf, isHex64 } from "../../nostr/event.ts";
import { EPHEMERAL_GIFT_WRAP, GIFT_WRAP } from "../../nostr/kinds.ts";

/** An event that could not be stored, and the reason. */
export interface DeadLetter {
  /** Where it came from. Empty if that is not known. */
  upstream: string;
  reason: string;
  /** What came. */
  event: unknown;
  /** How often it has become a dead letter, this time included. */
  attempts: number;
}

/** The parameter of the SQL that stores a letter. Times are Unix seconds. */
export interface LetterRow {
  upstream: string;
  /** Hex, like `pubkey`. */
  event: string;
  pubkey: string | null;
  created_at: number | null;
  recipients: string[] | null;
  reason: string;
  at: number;
  attempts: number;
  bytes: number;
  body: string | null;
}

/** As much as a message of a queue has room for. So everything that came through the queue can go there again. */
export const MOST_BODY_BYTES = 120_000;
const MOST_REASON = 300;

export function letterRow({ upstream, reason, event, attempts }: DeadLetter, now: number): LetterRow {
  // JSON has no `undefined`.
  const body = JSON.stringify(event ?? null);
  const bytes = utf8ToBytes(body);
  const { pubkey, created_at, kind, tags } = fieldsOf(event);
  return {
    upstream,
    event: namedId(event) ?? bytesToHex(sha256(bytes)),
    pubkey: isHex64(pubkey) ? pubkey : null,
    created_at: Number.isSafeInteger(created_at) ? (created_at as number) : null,
    recipients: kind === GIFT_WRAP || kind === EPHEMERAL_GIFT_WRAP ? recipientsOf(tags) : null,
    reason: firstCharacters(printable(reason), MOST_REASON),
    at: now,
    attempts,
    bytes: bytes.length,
    body: bytes.length > MOST_BODY_BYTES ? null : body,
  };
}

function namedId(event: unknown): string | undefined {
  const id = idOf(event);
  return isHex64(id) ? id : undefined;
}

function fieldsOf(event: unknown): Record<string, unknown> {
  return typeof event === "object" && event !== null ? (event as Record<string, unknown>) : {};
}

function recipientsOf(tags: unknown): string[] {
  if (!Array.isArray(tags)) return [];
  return tags.flatMap((tag: unknown) =>
    Array.isArray(tag) && tag[0] === "p" && isHex64(tag[1]) ? [tag[1]] : [],
  );
}
