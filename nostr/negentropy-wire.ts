/**
 * The messages of Negentropy, protocol V1 (NIP-77): bounds, ranges and fingerprints, as both sides read and write them.
 *
 * A record has 40 bytes: the time as a big-endian integer, then the id. A bound has the same format, so the protocol's
 * order is the order of bytes.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

export const RECORD_BYTES = 40;
export const TIME_BYTES = 8;
export const ID_BYTES = 32;
export const FINGERPRINT_BYTES = 16;
export const VERSION = 0x61;

const MODES = { skip: 0, fingerprint: 1, ids: 2 } as const;

export const START = new Uint8Array(RECORD_BYTES);
export const INFINITY = new Uint8Array(RECORD_BYTES).fill(0xff, 0, TIME_BYTES);

/** A range ends before its bound. It starts at the bound of the range before. */
export type WireRange =
  | { kind: "skip"; bound: Uint8Array }
  | { kind: "fingerprint"; bound: Uint8Array; fingerprint: Uint8Array }
  /** `ids`: one after the other, 32 bytes each. */
  | { kind: "ids"; bound: Uint8Array; ids: Uint8Array };

/**
 * Returns the sum of ids modulo 2^256, as little-endian integers in 32 bytes. An id is at `offset` in each `stride` bytes.
 * There may be at most 2^21 ids: carries are added only at the end, and the sum of 2^21 words of 32 bits is below 2^53,
 * so it is exact.
 */
export function sumOfIds(bytes: Uint8Array, stride = ID_BYTES, offset = 0): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return withCarries(
    Array.from({ length: ID_BYTES / 4 }, (_, word) => {
      let sum = 0;
      for (let at = offset + 4 * word; at < bytes.byteLength; at += stride) sum += view.getUint32(at, true);
      return sum;
    }),
  );
}

/** Returns the sum of two such sums. */
export function addSums(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(2 * ID_BYTES);
  both.set(a);
  both.set(b, ID_BYTES);
  return sumOfIds(both);
}

function withCarries(words: number[]): Uint8Array {
  const sum = new Uint8Array(ID_BYTES);
  const view = new DataView(sum.buffer);
  let carry = 0;
  for (const [word, value] of words.entries()) {
    const total = value + carry;
    view.setUint32(4 * word, total % 2 ** 32, true);
    carry = Math.floor(total / 2 ** 32);
  }
  return sum;
}

/** Returns ids in hex. `bytes` has them one after the other. */
export function idsIn(bytes: Uint8Array): string[] {
  return Array.from({ length: bytes.length / ID_BYTES }, (_, n) =>
    bytesToHex(bytes.subarray(n * ID_BYTES, (n + 1) * ID_BYTES)),
  );
}

/** Returns the fingerprint of a set of ids: the hash of their sum and their number. */
export function fingerprintOf(sum: Uint8Array, count: number): Uint8Array {
  const number = varint(count);
  const hashed = new Uint8Array(ID_BYTES + number.length);
  hashed.set(sum);
  hashed.set(number, ID_BYTES);
  return sha256(hashed).subarray(0, FINGERPRINT_BYTES);
}

/** Returns the bound before the first record of a second. `time` is in Unix seconds; Infinity is after all records. */
export function boundAt(time: number): Uint8Array {
  if (time === Infinity) return INFINITY;
  const bound = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bound.buffer);
  view.setUint32(0, Math.floor(time / 2 ** 32));
  view.setUint32(4, time % 2 ** 32);
  return bound;
}

/** Returns the second of a bound, in Unix seconds; Infinity if it is after all records. */
export function timeOf(bound: Uint8Array): number {
  const view = new DataView(bound.buffer, bound.byteOffset, TIME_BYTES);
  const time = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  return Number.isSafeInteger(time) ? time : Infinity;
}

/** Compares two arrays of the same length, byte by byte. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Encodes an integer with seven bits per byte, the most significant first. */
function varint(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift((rest % 128) + 128);
  }
  return bytes;
}

/** Reads a message. Past the end it reads zeros, and `range` finds that out. */
export class WireReader {
  private readonly bytes: Uint8Array;
  private at = 0;
  private time = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at] ?? 0;
    this.at += 1;
    return byte;
  }

  /** Reads the next range; undefined if it is malformed. */
  range(): WireRange | undefined {
    const bound = this.bound();
    const range = this.payload(bound, this.varint());
    return this.at > this.bytes.length ? undefined : range;
  }

  private payload(bound: Uint8Array, mode: number): WireRange | undefined {
    switch (mode) {
      case MODES.skip:
        return { kind: "skip", bound };
      case MODES.fingerprint:
        return { kind: "fingerprint", bound, fingerprint: this.take(FINGERPRINT_BYTES) };
      case MODES.ids:
        return { kind: "ids", bound, ids: this.take(this.varint() * ID_BYTES) };
      default:
        return undefined;
    }
  }

  private bound(): Uint8Array {
    const offset = this.varint();
    this.time += Math.max(0, offset - 1);
    if (!Number.isSafeInteger(this.time)) this.at = Infinity;
    const bound = offset === 0 ? INFINITY.slice() : boundAt(Number.isSafeInteger(this.time) ? this.time : 0);
    const length = this.varint();
    if (length > ID_BYTES) this.at = Infinity;
    else bound.set(this.take(length), TIME_BYTES);
    return bound;
  }

  private varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte % 128);
      if (!Number.isSafeInteger(value)) this.at = Infinity;
      if (byte < 128) return value;
    }
  }

  private take(length: number): Uint8Array {
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }
}

/** Writes a message. A skipped range at the end is not written: the message implies it. */
export class WireWriter {
  length = 0;
  private bytes = new Uint8Array(4096);
  private time = 0;
  private skipped: Uint8Array | undefined;

  constructor() {
    this.put([VERSION]);
  }

  skip(bound: Uint8Array): void {
    this.skipped = bound;
  }

  fingerprint(bound: Uint8Array, fingerprint: Uint8Array): void {
    this.head(bound, MODES.fingerprint);
    this.put(fingerprint);
  }

  /** Starts a list of ids. `put` writes each. */
  ids(bound: Uint8Array, count: number): void {
    this.head(bound, MODES.ids);
    this.put(varint(count));
  }

  put(bytes: ArrayLike<number>): void {
    const needed = this.length + bytes.length;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(2 * needed);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(bytes, this.length);
    this.length = needed;
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private head(bound: Uint8Array, mode: number): void {
    const { skipped } = this;
    this.skipped = undefined;
    if (skipped) this.head(skipped, MODES.skip);
    this.bound(bound);
    this.put([mode]);
  }

  private bound(bound: Uint8Array): void {
    const time = timeOf(bound);
    this.put(varint(time === Infinity ? 0 : time - this.time + 1));
    if (time !== Infinity) this.time = time;
    const id = bound.subarray(TIME_BYTES);
    const length = id.findLastIndex((byte) => byte !== 0) + 1;
    this.put([length]);
    this.put(id.subarray(0, length));
  }
}
