/**
 * The answering side of Negentropy, protocol V1 (NIP-77). Both sides compare fingerprints of ranges. A range that differs
 * is split again and again, down to lists of ids. Between two messages only the records are kept.
 *
 * A record has 40 bytes: the time as a big-endian integer, then the id. A bound has the same format, so the protocol's
 * order is the order of bytes. There may be at most 2^21 records: see `fingerprint`.
 */
import { sha256 } from "@noble/hashes/sha2.js";

const RECORD_BYTES = 40;

/** Minimum of `most`, in bytes: an answer needs room for one split range and for the rest. */
export const LEAST_FRAME = 4096;

export type Reconciled = { ok: true; answer: Uint8Array } | { ok: false; reason: string };

type Range =
  | { kind: "skip" | "ids"; bound: Uint8Array }
  | { kind: "fingerprint"; bound: Uint8Array; fingerprint: Uint8Array };

const VERSION = 0x61;
const MODES = { skip: 0, fingerprint: 1, ids: 2 } as const;
const TIME_BYTES = 8;
const ID_BYTES = 32;
const FINGERPRINT_BYTES = 16;

/** A range is split into this many parts. A range with less than twice as many records is sent as ids. */
const PARTS = 16;

/** Maximum bytes of the answer to one range, unless that is a requested list of ids. */
const LONGEST_SPLIT = 1200;
/** Maximum bytes of a skipped range, the bounds and count of a list, and the range of all the rest, together. */
const LONGEST_REST = 200;

const START = new Uint8Array(RECORD_BYTES);
const INFINITY = new Uint8Array(RECORD_BYTES).fill(0xff, 0, TIME_BYTES);

/** The work of answering one range. */
export interface RangeWork {
  /** Number of computed fingerprints. */
  fingerprints: number;
  /** Number of records that they cover. */
  records: number;
}

/**
 * Answers one message. Yields after each of its ranges, so that the caller can serve others in between. `records` must
 * be sorted and unique. The answer has at most `most` bytes, which must be at least LEAST_FRAME.
 */
export function* reconcile(
  records: Uint8Array,
  message: Uint8Array,
  most: number,
): Generator<RangeWork, Reconciled, void> {
  const reader = new Reader(message);
  const version = reader.byte();
  if (version >> 4 !== 6) return { ok: false, reason: "the message does not start with a protocol version" };
  if (version !== VERSION) return { ok: true, answer: Uint8Array.of(VERSION) };
  const writer = new Writer(records);
  let lower = 0;
  let start: Uint8Array = START;
  for (let n = 1; !reader.isAtEnd; n += 1) {
    const range = reader.range();
    if (!range || compare(range.bound, start) < 0) {
      return { ok: false, reason: `range ${n} of the message is malformed or out of order` };
    }
    const upper = firstFrom(records, range.bound, lower);
    const room = most - LONGEST_REST - writer.length;
    const told = room < LONGEST_SPLIT ? lower : answerRange(writer, range, { lower, upper, room });
    if (told < upper || room < LONGEST_SPLIT) {
      const answer = writer.withRest(told);
      yield writer.takeWork();
      return { ok: true, answer };
    }
    lower = upper;
    start = range.bound;
    yield writer.takeWork();
  }
  return { ok: true, answer: writer.done() };
}

/** Returns up to which record the range is answered: its end, unless a list of ids did not fit. */
function answerRange(
  writer: Writer,
  range: Range,
  { lower, upper, room }: { lower: number; upper: number; room: number },
): number {
  switch (range.kind) {
    case "skip":
      writer.skip(range.bound);
      return upper;
    case "fingerprint":
      if (compare(writer.fingerprintOf(lower, upper), range.fingerprint) === 0) writer.skip(range.bound);
      else split(writer, lower, upper, range.bound);
      return upper;
    case "ids": {
      const end = Math.min(upper, lower + Math.floor(room / ID_BYTES));
      writer.ids(lower, end, end < upper ? recordAt(writer.records, end) : range.bound);
      return end;
    }
  }
}

function split(writer: Writer, lower: number, upper: number, bound: Uint8Array): void {
  const count = upper - lower;
  if (count < 2 * PARTS) {
    writer.ids(lower, upper, bound);
    return;
  }
  for (let part = 0; part < PARTS; part += 1) {
    const from = lower + Math.floor((count * part) / PARTS);
    const to = lower + Math.floor((count * (part + 1)) / PARTS);
    writer.fingerprint(from, to, part === PARTS - 1 ? bound : boundBefore(writer.records, to));
  }
}

/** Returns the shortest bound between this record and the previous one. */
function boundBefore(records: Uint8Array, index: number): Uint8Array {
  const before = recordAt(records, index - 1);
  const record = recordAt(records, index);
  const shared = record.findIndex((byte, at) => byte !== before[at]);
  const bound = new Uint8Array(RECORD_BYTES);
  bound.set(record.subarray(0, Math.max(TIME_BYTES, shared + 1)));
  return bound;
}

/** Returns the hash of the sum and the number of the ids. The sum is modulo 2^256, of little-endian integers. */
function fingerprint(records: Uint8Array, lower: number, upper: number): Uint8Array {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  // Carries are added only at the end: the sum of 2^21 words of 32 bits is below 2^53, so it is exact.
  const sums = Array.from({ length: ID_BYTES / 4 }, (_, word) => {
    let sum = 0;
    const end = upper * RECORD_BYTES;
    for (let at = lower * RECORD_BYTES + TIME_BYTES + 4 * word; at < end; at += RECORD_BYTES) {
      sum += view.getUint32(at, true);
    }
    return sum;
  });
  const count = varint(upper - lower);
  const hashed = new Uint8Array(ID_BYTES + count.length);
  hashed.set(count, ID_BYTES);
  const words = new DataView(hashed.buffer);
  let carry = 0;
  for (const [word, sum] of sums.entries()) {
    const total = sum + carry;
    words.setUint32(4 * word, total % 2 ** 32, true);
    carry = Math.floor(total / 2 ** 32);
  }
  return sha256(hashed).subarray(0, FINGERPRINT_BYTES);
}

/** Returns the index of the first record, from `lower` on, that is not before the bound. */
function firstFrom(records: Uint8Array, bound: Uint8Array, lower: number): number {
  let [low, high] = [lower, records.length / RECORD_BYTES];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (compare(recordAt(records, middle), bound) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function recordAt(records: Uint8Array, index: number): Uint8Array {
  return records.subarray(index * RECORD_BYTES, (index + 1) * RECORD_BYTES);
}

/** Compares two arrays of the same length, byte by byte. */
function compare(a: Uint8Array, b: Uint8Array): number {
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

/** Reads a message. Past the end it reads zeros, so check `isBroken` afterwards. */
class Reader {
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
  range(): Range | undefined {
    const bound = this.bound();
    const mode = this.varint();
    switch (mode) {
      case MODES.skip:
        return this.isBroken ? undefined : { kind: "skip", bound };
      case MODES.fingerprint: {
        const fingerprint = this.take(FINGERPRINT_BYTES);
        return this.isBroken ? undefined : { kind: "fingerprint", bound, fingerprint };
      }
      case MODES.ids:
        // The other side's ids are skipped: it only wants to know which ids this side has.
        this.take(this.varint() * ID_BYTES);
        return this.isBroken ? undefined : { kind: "ids", bound };
      default:
        return undefined;
    }
  }

  private get isBroken(): boolean {
    return this.at > this.bytes.length;
  }

  private bound(): Uint8Array {
    const offset = this.varint();
    const bound = offset === 0 ? INFINITY.slice() : new Uint8Array(RECORD_BYTES);
    if (offset > 0) {
      this.time += offset - 1;
      if (!Number.isSafeInteger(this.time)) this.at = Infinity;
      writeTime(bound, this.time);
    }
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

/** Writes an answer. A skipped range at the end is not written: the message implies it. */
class Writer {
  readonly records: Uint8Array;
  length = 0;
  private bytes = new Uint8Array(LEAST_FRAME);
  private time = 0;
  private skipped: Uint8Array | undefined;
  private work: RangeWork = { fingerprints: 0, records: 0 };

  constructor(records: Uint8Array) {
    this.records = records;
    this.put([VERSION]);
  }

  skip(bound: Uint8Array): void {
    this.skipped = bound;
  }

  fingerprint(lower: number, upper: number, bound: Uint8Array): void {
    this.head(bound, MODES.fingerprint);
    this.put(this.fingerprintOf(lower, upper));
  }

  fingerprintOf(lower: number, upper: number): Uint8Array {
    this.work.fingerprints += 1;
    this.work.records += upper - lower;
    return fingerprint(this.records, lower, upper);
  }

  /** Returns the work since the last call. */
  takeWork(): RangeWork {
    const { work } = this;
    this.work = { fingerprints: 0, records: 0 };
    return work;
  }

  ids(lower: number, upper: number, bound: Uint8Array): void {
    this.head(bound, MODES.ids);
    this.put(varint(upper - lower));
    for (let index = lower; index < upper; index += 1) {
      this.put(recordAt(this.records, index).subarray(TIME_BYTES));
    }
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Ends the answer with one range for all records from this one on. The other side will ask about it again. */
  withRest(lower: number): Uint8Array {
    this.fingerprint(lower, this.records.length / RECORD_BYTES, INFINITY);
    return this.done();
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
    const isEndless = !Number.isSafeInteger(time);
    this.put(varint(isEndless ? 0 : time - this.time + 1));
    if (!isEndless) this.time = time;
    const id = bound.subarray(TIME_BYTES);
    const length = id.findLastIndex((byte) => byte !== 0) + 1;
    this.put([length]);
    this.put(id.subarray(0, length));
  }

  private put(bytes: ArrayLike<number>): void {
    const needed = this.length + bytes.length;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(2 * needed);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(bytes, this.length);
    this.length = needed;
  }
}

function timeOf(bound: Uint8Array): number {
  const view = new DataView(bound.buffer, bound.byteOffset, TIME_BYTES);
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
}

function writeTime(bound: Uint8Array, time: number): void {
  const view = new DataView(bound.buffer, bound.byteOffset, TIME_BYTES);
  view.setUint32(0, Math.floor(time / 2 ** 32));
  view.setUint32(4, time % 2 ** 32);
}
