/**
 * The asking side of Negentropy, protocol V1 (NIP-77), for a client that only wants to know what the other side has. It
 * keeps no records: for each range it knows the fingerprint of what the other side had, or nothing. The other side is
 * silent about a range that has not changed, splits a range that has, and lists the ids of small ones.
 */
import {
  compareBytes,
  FINGERPRINT_BYTES,
  INFINITY,
  START,
  VERSION,
  type WireRange,
  WireReader,
  WireWriter,
} from "./negentropy-wire.ts";

/** A range of records, from one bound to before another: see `boundAt`. */
export interface Stretch {
  lower: Uint8Array;
  upper: Uint8Array;
}

export interface RangeQuestion extends Stretch {
  /** The fingerprint of what the other side had. Absent: unknown, so it answers what it has. */
  fingerprint?: Uint8Array;
}

/** A part of a range that was asked about. */
export type RangePart = Stretch &
  (
    | { kind: "same" }
    /** It has other records there, too many to list at once, whose fingerprint is `theirs`: ask about this part. */
    | { kind: "more"; theirs: Uint8Array }
    /** Its message had no room for the answer: ask again. */
    | { kind: "unanswered" }
    /** All ids that it has there, one after the other, 32 bytes each. */
    | { kind: "ids"; ids: Uint8Array }
  );

export type ReadParts =
  /** The parts of each question, which cover it without gaps. */
  { ok: true; parts: RangePart[][] } | { ok: false; reason: string };

/** No set of records has this fingerprint, but for one chance in 2^128. */
const UNKNOWN = new Uint8Array(FINGERPRINT_BYTES);

/** Returns a message that asks about ranges, which must be in order and must not overlap. */
export function askAbout(questions: readonly RangeQuestion[]): Uint8Array {
  const writer = new WireWriter();
  let end: Uint8Array = START;
  for (const { lower, upper, fingerprint = UNKNOWN } of questions) {
    if (compareBytes(lower, end) > 0) writer.skip(lower);
    writer.fingerprint(upper, fingerprint);
    end = upper;
  }
  return writer.done();
}

/** Reads the answer to these questions. What the other side says about other ranges is ignored. */
export function readParts(message: Uint8Array, questions: readonly RangeQuestion[]): ReadParts {
  const reader = new WireReader(message);
  const version = reader.byte();
  if (version >> 4 !== 6) return refused("its message does not start with a protocol version");
  if (version !== VERSION) return refused(`it speaks version ${version - 0x60} of the protocol, not 1`);
  const parts: RangePart[][] = questions.map(() => []);
  let start: Uint8Array = START;
  let first = 0;
  for (let n = 1; compareBytes(start, INFINITY) < 0; n += 1) {
    // The rest is skipped if the message does not mention it.
    const range: WireRange | undefined = reader.isAtEnd ? { kind: "skip", bound: INFINITY } : reader.range();
    if (!range || compareBytes(range.bound, start) < 0)
      return refused(`range ${n} of its message is malformed or out of order`);
    const answered = { lower: start, upper: range.bound };
    start = range.bound;
    while (isBefore(questions[first], answered.lower)) first += 1;
    for (let at = first; ; at += 1) {
      const question = questions[at];
      const common = question && overlapOf(question, answered);
      if (!common) break;
      const part = partOf(range, common, isWithin(answered, question));
      if (!part) return refused("it lists ids of more than it was asked about");
      if (part.kind === "same" && !question.fingerprint)
        return refused("it is silent about a range that it was asked about");
      parts[at]?.push(part);
    }
  }
  return reader.isAtEnd ? { ok: true, parts } : refused("its message goes on after its end");
}

/** Returns what a range says about its part of a question. `isWithin`: it is about nothing else. Undefined: it may not. */
function partOf(range: WireRange, { lower, upper }: Stretch, isWithin: boolean): RangePart | undefined {
  switch (range.kind) {
    case "skip":
      return { lower, upper, kind: "same" };
    case "fingerprint":
      return isWithin
        ? { lower, upper, kind: "more", theirs: range.fingerprint }
        : { lower, upper, kind: "unanswered" };
    case "ids":
      return isWithin ? { lower, upper, kind: "ids", ids: range.ids } : undefined;
  }
}

function isBefore(question: Stretch | undefined, bound: Uint8Array): boolean {
  return question !== undefined && compareBytes(question.upper, bound) <= 0;
}

function overlapOf(a: Stretch, b: Stretch): Stretch | undefined {
  const lower = compareBytes(a.lower, b.lower) < 0 ? b.lower : a.lower;
  const upper = compareBytes(a.upper, b.upper) < 0 ? a.upper : b.upper;
  return compareBytes(lower, upper) < 0 ? { lower, upper } : undefined;
}

function isWithin(inner: Stretch, outer: Stretch): boolean {
  return compareBytes(inner.lower, outer.lower) >= 0 && compareBytes(inner.upper, outer.upper) <= 0;
}

function refused(reason: string): ReadParts {
  return { ok: false, reason };
}
