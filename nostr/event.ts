/** Events and how their kinds behave (NIP-01). */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { CONTACTS, PROFILE } from "./kinds.ts";

export interface Event {
  /** 64 lower-case hex characters: the SHA-256 of `serializeEvent`. */
  id: string;
  pubkey: string;
  /** Unix seconds. */
  created_at: number;
  kind: number;
  tags: string[][];
  content: string;
  sig: string;
}

type KindClass = "regular" | "replaceable" | "ephemeral" | "addressable";

type ParsedEvent = { ok: true; event: Event } | { ok: false; reason: string };

const HEX_128 = /^[0-9a-f]{128}$/;

/** Returns whether a value is 32 bytes as NIP-01 writes them: 64 lower-case hex characters. */
export function isHex64(value: unknown): value is string {
  if (typeof value !== "string" || value.length !== 64) return false;
  let isHex = 1;
  for (let at = 0; at < 64; at += 1) isHex &= IS_HEX[value.charCodeAt(at)] ?? 0;
  return isHex === 1;
}

/** For each character code, 1 if it is a lower-case hex character. It checks hundreds of authors three times as fast as a RegExp. */
const IS_HEX = new Uint8Array(128);
for (const character of "0123456789abcdef") IS_HEX[character.charCodeAt(0)] = 1;

/** Returns the field `id` of any value if it is a string, even if it is not a valid id. */
export function idOf(value: unknown): string | undefined {
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return typeof id === "string" ? id : undefined;
}

/** Returns the class of a kind. Kinds outside all ranges of NIP-01 (45-999, 40000 and up) are regular. */
export function kindClass(kind: number): KindClass {
  if (kind === PROFILE || kind === CONTACTS || (kind >= 10_000 && kind < 20_000)) return "replaceable";
  if (kind >= 20_000 && kind < 30_000) return "ephemeral";
  if (kind >= 30_000 && kind < 40_000) return "addressable";
  return "regular";
}

/** Checks the shape only, not the id or the signature. The returned event has exactly the seven fields of NIP-01. */
export function parseEvent(value: unknown): ParsedEvent {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, reason: "an event must be a JSON object" };
  }
  const { id, pubkey, created_at, kind, tags, content, sig } = value as Record<string, unknown>;
  if (!isHex64(id)) return { ok: false, reason: "id must be 64 lower-case hex characters" };
  if (!isHex64(pubkey)) return { ok: false, reason: "pubkey must be 64 lower-case hex characters" };
  if (typeof sig !== "string" || !HEX_128.test(sig)) {
    return { ok: false, reason: "sig must be 128 lower-case hex characters" };
  }
  if (!isCount(created_at))
    return { ok: false, reason: "created_at must be a non-negative integer of seconds" };
  if (!isCount(kind) || kind > 65_535)
    return { ok: false, reason: "kind must be an integer from 0 to 65535" };
  if (typeof content !== "string") return { ok: false, reason: "content must be a string" };
  if (!content.isWellFormed())
    return { ok: false, reason: "content contains a lone surrogate, which is not UTF-8" };
  if (!isTags(tags)) return { ok: false, reason: "tags must be non-empty arrays of well-formed strings" };
  return { ok: true, event: { id, pubkey, created_at, kind, tags, content, sig } };
}

/** Returns the text whose SHA-256 is the id: `[0,pubkey,created_at,kind,tags,content]`. */
export function serializeEvent(event: Omit<Event, "id" | "sig">): string {
  return JSON.stringify([0, event.pubkey, event.created_at, event.kind, event.tags, event.content]);
}

export function eventId(event: Omit<Event, "id" | "sig">): string {
  return bytesToHex(sha256(utf8ToBytes(serializeEvent(event))));
}

/**
 * Returns the key that versions of one event share, besides author and kind: "" for replaceable events, the first `d`
 * value (or "") for addressable ones. Undefined for kinds that are never replaced.
 */
export function versionKey(event: Pick<Event, "kind" | "tags">): string | undefined {
  const kind = kindClass(event.kind);
  if (kind === "replaceable") return "";
  if (kind === "addressable") return event.tags.find((tag) => tag[0] === "d")?.[1] ?? "";
  return undefined;
}

/**
 * Compares two events: newest first, at the same second the lowest id first. Answers and replacement use this order.
 */
export function newestFirst(
  a: Pick<Event, "created_at" | "id">,
  b: Pick<Event, "created_at" | "id">,
): number {
  if (a.created_at !== b.created_at) return b.created_at - a.created_at;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** Returns whether filters can ask for a tag (NIP-01): its name is one letter, and it has a value, possibly empty. */
export function isIndexable(tag: string[]): tag is [string, string, ...string[]] {
  return tag[1] !== undefined && /^[a-zA-Z]$/.test(tag[0] ?? "");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTags(value: unknown): value is string[][] {
  return (
    Array.isArray(value) &&
    value.every(
      (tag) =>
        Array.isArray(tag) &&
        tag.length > 0 &&
        tag.every((item) => typeof item === "string" && item.isWellFormed()),
    )
  );
}
