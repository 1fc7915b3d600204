/**
 * HyperLogLog (NIP-45): estimates the number of different authors with 256 registers, so that the answers of several
 * relays can be merged. The author's key serves as the hash. migrations/0003_counters.sql does the same in SQL.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { isHex64 } from "./event.ts";
import type { Filter } from "./filter.ts";
import { COMMENT, CONTACTS, NOTE, REACTION, REPOST } from "./kinds.ts";

/** The canonical filters: a tag name, and exactly these kinds. */
const CANONICAL: readonly { name: string; kinds: readonly number[] }[] = [
  { name: "e", kinds: [REACTION] },
  { name: "e", kinds: [REPOST] },
  { name: "e", kinds: [NOTE] },
  { name: "E", kinds: [COMMENT] },
  { name: "q", kinds: [NOTE, COMMENT] },
  { name: "p", kinds: [CONTACTS] },
];

/** What a canonical filter counts, for example the reactions (kind 7) to one event (`e`). */
export interface Target {
  name: string;
  value: string;
  kinds: readonly number[];
}

const REGISTERS = 256;
/** Number of bits after the register's byte that count: seven bytes, as in all implementations. */
const BITS = 56;

/**
 * Returns the target of a canonical filter. Undefined if the filter has any other field, tag, value or kind. Ignores
 * `limit`.
 */
export function canonicalTarget(filter: Filter): Target | undefined {
  const { kinds, tags } = filter;
  const [tag, ...moreTags] = tags;
  const [value, ...moreValues] = tag?.values ?? [];
  const isBare = Object.keys(filter).every((field) => ["kinds", "tags", "limit"].includes(field));
  if (!isBare || !tag || value === undefined || moreTags.length + moreValues.length > 0) return undefined;
  const asked = new Set(kinds);
  const canonical = CANONICAL.find(
    ({ name, kinds: all }) =>
      name === tag.name && all.length === asked.size && all.every((kind) => asked.has(kind)),
  );
  return canonical && { name: tag.name, value, kinds: canonical.kinds };
}

/**
 * Returns which byte of an author's key picks the register, 8 to 23. It depends on the target, so no key counts much
 * everywhere.
 */
export function hllOffset(value: string): number {
  return Number.parseInt(hexOf(value)[32] ?? "", 16) + 8;
}

export function emptyRegisters(): Uint8Array {
  return new Uint8Array(REGISTERS);
}

export function addAuthor(registers: Uint8Array, pubkey: string, offset: number): void {
  const at = Number.parseInt(pubkey.slice(2 * offset, 2 * offset + 2), 16);
  const rest = BigInt(`0x${pubkey.slice(2 * offset + 2, 2 * offset + 2 + BITS / 4)}`);
  const zeros = rest === 0n ? BITS : BITS - rest.toString(2).length;
  registers[at] = Math.max(registers[at] ?? 0, zeros + 1);
}

/** Merges the registers of separate counts. */
export function mergeRegisters(all: Uint8Array[]): Uint8Array {
  return emptyRegisters().map((_, at) => Math.max(0, ...all.map((registers) => registers[at] ?? 0)));
}

/** Returns 64 hex characters: an id or a key itself, the author's key of an address, the hash of anything else. */
function hexOf(value: string): string {
  if (isHex64(value)) return value;
  const [, pubkey] = /^\d+:([0-9a-f]{64}):/.exec(value) ?? [];
  return pubkey ?? bytesToHex(sha256(utf8ToBytes(value)));
}
