/**
 * How many different authors, in 256 small numbers that several relays' answers can be merged by (NIP-45). The
 * author's key serves as the hash. migrations/0003_counters.sql says the same in SQL.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { isHex64 } from "./event.ts";
import type { Filter } from "./filter.ts";

/** What makes a filter canonical: the tag, and all the kinds that go with it. */
const CANONICAL: readonly { name: string; kinds: readonly number[] }[] = [
  { name: "e", kinds: [7] },
  { name: "e", kinds: [6] },
  { name: "e", kinds: [1] },
  { name: "E", kinds: [1111] },
  { name: "q", kinds: [1, 1111] },
  { name: "p", kinds: [3] },
];

/** Whom or what a canonical filter counts around. */
export interface Target {
  name: string;
  value: string;
  kinds: readonly number[];
}

const REGISTERS = 256;
/** Bits after the register's byte that are looked at: seven bytes, as all implementations do. */
const BITS = 56;

/** Undefined for a filter that is not canonical: it has some other field, tag, value or kind. The limit does not count. */
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

/** Which byte of the authors' keys picks the register, 8 to 23. It depends on the target, so that no key counts much for all. */
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

/** Of what has been counted apart. */
export function mergeRegisters(all: Uint8Array[]): Uint8Array {
  return emptyRegisters().map((_, at) => Math.max(0, ...all.map((registers) => registers[at] ?? 0)));
}

/** An id or a key as it is, an address by its author's key, anything else by its hash. */
function hexOf(value: string): string {
  if (isHex64(value)) return value;
  const [, pubkey] = /^\d+:([0-9a-f]{64}):/.exec(value) ?? [];
  return pubkey ?? bytesToHex(sha256(utf8ToBytes(value)));
}
