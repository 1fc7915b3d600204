/**
 * The answering side of Negentropy, protocol V1 (NIP-77). Both sides compare fingerprints of ranges. A range that differs
 * is split again and again, down to lists of ids. Between two messages only the records are kept. There may be at most
 * 2^21 of them: see `sumOfIds`.
 */
import {
  compareBytes,
  fingerprintOf,
  ID_BYTES,
  INFINITY,
  RECORD_BYTES,
  START,
  sumOfIds,
  TIME_BYTES,
  VERSION,
  type WireRange,
  WireReader,
  WireWriter,
} from "./negentropy-wire.ts";

/** Minimum of `most`, in bytes: an answer needs room for one split range and for the rest. */
export const LEAST_FRAME = 4096;

export type Reconciled = { ok: true; answer: Uint8Array } | { ok: false; reason: string };

/** A range is split into this many parts. A range with less than twice as many records is sent as ids. */
const PARTS = 16;

/** Maximum bytes of the answer to one range, unless that is a requested list of ids. */
const LONGEST_SPLIT = 1200;
/** Maximum bytes of a skipped range, the bounds and count of a list, and the range of all the rest, together. */
const LONGEST_REST = 200;

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
  const reader = new WireReader(message);
  const version = reader.byte();
  if (version >> 4 !== 6) return { ok: false, reason: "the message does not start with a protocol version" };
  if (version !== VERSION) return { ok: true, answer: Uint8Array.of(VERSION) };
  const writer = new Writer(records);
  let lower = 0;
  let start: Uint8Array = START;
  for (let n = 1; !reader.isAtEnd; n += 1) {
    const range = reader.range();
    if (!range || compareBytes(range.bound, start) < 0) {
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
  range: WireRange,
  { lower, upper, room }: { lower: number; upper: number; room: number },
): number {
  switch (range.kind) {
    case "skip":
      writer.skip(range.bound);
      return upper;
    case "fingerprint":
      if (compareBytes(writer.fingerprintOf(lower, upper), range.fingerprint) === 0) writer.skip(range.bound);
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

/** Returns the index of the first record, from `lower` on, that is not before the bound. */
function firstFrom(records: Uint8Array, bound: Uint8Array, lower: number): number {
  let [low, high] = [lower, records.length / RECORD_BYTES];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (compareBytes(recordAt(records, middle), bound) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function recordAt(records: Uint8Array, index: number): Uint8Array {
  return records.subarray(index * RECORD_BYTES, (index + 1) * RECORD_BYTES);
}

/** Writes an answer from the records. */
class Writer {
  readonly records: Uint8Array;
  private readonly wire = new WireWriter();
  private work: RangeWork = { fingerprints: 0, records: 0 };

  constructor(records: Uint8Array) {
    this.records = records;
  }

  get length(): number {
    return this.wire.length;
  }

  skip(bound: Uint8Array): void {
    this.wire.skip(bound);
  }

  fingerprint(lower: number, upper: number, bound: Uint8Array): void {
    this.wire.fingerprint(bound, this.fingerprintOf(lower, upper));
  }

  fingerprintOf(lower: number, upper: number): Uint8Array {
    this.work.fingerprints += 1;
    this.work.records += upper - lower;
    const records = this.records.subarray(lower * RECORD_BYTES, upper * RECORD_BYTES);
    return fingerprintOf(sumOfIds(records, RECORD_BYTES, TIME_BYTES), upper - lower);
  }

  /** Returns the work since the last call. */
  takeWork(): RangeWork {
    const { work } = this;
    this.work = { fingerprints: 0, records: 0 };
    return work;
  }

  ids(lower: number, upper: number, bound: Uint8Array): void {
    this.wire.ids(bound, upper - lower);
    // A typed array for each id would take most of the time.
    const ids = new Uint8Array((upper - lower) * ID_BYTES);
    for (let to = 0, from = lower * RECORD_BYTES + TIME_BYTES; to < ids.length; from += TIME_BYTES) {
      for (const end = to + ID_BYTES; to < end; to += 1, from += 1) ids[to] = this.records[from] ?? 0;
    }
    this.wire.put(ids);
  }

  done(): Uint8Array {
    return this.wire.done();
  }

  /** Ends the answer with one range for all records from this one on. The other side will ask about it again. */
  withRest(lower: number): Uint8Array {
    this.fingerprint(lower, this.records.length / RECORD_BYTES, INFINITY);
    return this.done();
  }
}
