/** One reconciliation with an upstream (NIP-77): of one window of created_at, until all its ranges are the same or listed. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import {
  askAbout,
  type RangePart,
  type RangeQuestion,
  readParts,
  type Stretch,
} from "../../nostr/negentropy-initiator.ts";
import { boundAt, fingerprintOf, idsIn, sumOfIds } from "../../nostr/negentropy-wire.ts";
import { type Listing, Listings } from "./listed.ts";
import { isDue, type Segment } from "./slices.ts";
import type { SyncAnswer } from "../conversation/sync-message.ts";
import type { Sync } from "../conversation/upstream.ts";

/** What became of ids that the upstream has. */
export interface Taken {
  here: ReadonlySet<string>;
  queued: ReadonlySet<string>;
}

export interface ComparisonDeps {
  /** Looks the ids up, and queues the events that are missing here. Rejects if that failed. */
  take(ids: string[]): Promise<Taken>;
  /** A slice that the upstream has changed: what is remembered of it does not hold any more. */
  forget(segment: Segment): void;
  /** Whole seconds are listed, and everything missing there is on the queue. */
  finish(listing: Listing, tries: number): void;
  /** Whether the time of the job is over. */
  isOver(): boolean;
  /** Unix seconds. */
  now(): number;
}

export type ComparisonEnd =
  | { how: "done" }
  /** The time was over. What was finished stays finished. */
  | { how: "over" }
  /** The upstream says that it has too many events there; at most `most`, if it tells. */
  | { how: "too-many"; most?: number; reason: string }
  /** `isLasting`: it is not worth another attempt soon. */
  | { how: "failed"; reason: string; isLasting: boolean };

/** Ranges that one message asks about: the answer may list 31 ids of each, and a frame may have a million characters. */
const MOST_ASKED = 256;
/** How many ids are looked up, fetched and queued at once: as many as one question has. */
const TAKEN_AT_ONCE = 500;
/** Ranges that wait. An honest upstream splits 256 ranges into 16 at each of its levels. */
const MOST_PENDING = 30_000;
/** An honest upstream splits a range into 16 until it has fewer than 32 events. */
const MOST_SPLITS = 10;
const MOST_MESSAGES = 5000;

/** What other relays say if a window has too many events: strfry, khatru, Tributary. */
const TOO_MANY = /too (many|big|large|much)|maximum|exceed|limit/i;
/** Refusals that have nothing to do with what was asked. */
const PASSING = /^(closed|error|rate-limited):/;

interface Pending extends RangeQuestion {
  splits: number;
  tries: number;
  /** The slice whose fingerprint is asked about. */
  segment?: Segment;
}

/** Compares segments, which must be in order and within the filter of `sync`. */
export async function compareSegments(
  sync: Sync,
  segments: readonly Segment[],
  deps: ComparisonDeps,
): Promise<ComparisonEnd> {
  let pending = segments.map((segment) => questionAbout(segment, deps.now()));
  let asked = pending;
  const listings = new Listings();
  for (let messages = 0; pending.length > 0; messages += 1) {
    if (deps.isOver()) return { how: "over" };
    if (messages === MOST_MESSAGES || pending.length > MOST_PENDING)
      return hostile("does not come to an end");
    const answer = await sync.send(bytesToHex(askAbout(asked)));
    const read = readAnswer(answer, asked);
    if ("how" in read) return read;
    const round = takeParts(read.parts, asked, deps);
    if (round.problem !== undefined) return hostile(round.problem);
    await list(round.lists, listings, deps);
    pending = [...pending.slice(0, -asked.length), ...round.pending];
    asked = pending.slice(-MOST_ASKED);
  }
  return { how: "done" };
}

function questionAbout({ since, until, slice }: Segment, now: number): Pending {
  const stretch = { lower: boundAt(since), upper: boundAt(until), splits: 0 };
  if (!slice) return { ...stretch, tries: 0 };
  const segment = { since, until, slice };
  if (isDue(slice, now)) return { ...stretch, tries: (slice.again?.tries ?? 0) + 1, segment };
  return { ...stretch, tries: 0, segment, fingerprint: fingerprintOf(hexToBytes(slice.sum), slice.held) };
}

function readAnswer(
  { ending }: SyncAnswer,
  asked: readonly Pending[],
): ComparisonEnd | { parts: RangePart[][] } {
  if (ending.how !== "message") return endOf(ending);
  let message: Uint8Array;
  try {
    message = hexToBytes(ending.message);
  } catch {
    return hostile("does not write its messages in hex");
  }
  const read = readParts(message, asked);
  return read.ok ? { parts: read.parts } : { how: "failed", reason: read.reason, isLasting: true };
}

/** Returns what it means that no message came. */
export function endOf(ending: Exclude<SyncAnswer["ending"], { how: "message" }>): ComparisonEnd {
  switch (ending.how) {
    case "closed": {
      const { reason, most } = ending;
      if (most !== undefined || (TOO_MANY.test(reason) && !PASSING.test(reason)))
        return { how: "too-many", reason, ...(most !== undefined && { most }) };
      return { how: "failed", reason: `it refused: ${reason}`, isLasting: !PASSING.test(reason) };
    }
    case "unsupported":
      return { how: "failed", reason: `it says: ${ending.notice}`, isLasting: true };
    case "auth":
      return { how: "failed", reason: ending.reason, isLasting: true };
    case "silence":
      return { how: "failed", reason: "it does not answer", isLasting: true };
    case "disconnected":
      return { how: "failed", reason: `the connection ended: ${ending.reason}`, isLasting: false };
    case "cut":
      return { how: "failed", reason: `its answer takes too much ${ending.why}`, isLasting: true };
  }
}

interface Round {
  pending: Pending[];
  lists: { part: Stretch & { ids: Uint8Array }; tries: number }[];
  problem?: string;
}

/** Sorts the parts of an answer into what is listed and what has to be asked about again, in order. */
function takeParts(parts: RangePart[][], asked: readonly Pending[], deps: ComparisonDeps): Round {
  const round: Round = { pending: [], lists: [] };
  for (const [at, question] of asked.entries()) {
    const own = parts[at] ?? [];
    const [only] = own;
    if (own.length === 1 && only?.kind === "unanswered") {
      if (at === 0) round.problem = "answers nothing";
      round.pending.push(question);
      continue;
    }
    const isChanged = own.some(({ kind }) => kind !== "same");
    if (isChanged && question.segment) deps.forget(question.segment);
    const splits = question.splits + Number(own.some(({ kind }) => kind === "more"));
    if (splits > MOST_SPLITS || (own.length === 1 && only?.kind === "more"))
      round.problem = "does not come to an end";
    for (const part of own) {
      const { lower, upper } = part;
      if (part.kind === "ids") round.lists.push({ part, tries: question.tries });
      else if (part.kind !== "same") round.pending.push({ lower, upper, splits, tries: question.tries });
    }
  }
  return round;
}

/** Queues what is missing here of these lists, the newest first. If that fails in the middle, the newest are finished. */
async function list(lists: Round["lists"], listings: Listings, deps: ComparisonDeps): Promise<void> {
  const waiting = lists.map((one) => ({ ...one, ids: idsIn(one.part.ids) }));
  while (waiting.length > 0) {
    const some: typeof waiting = [];
    let count = 0;
    for (let next = waiting.at(-1); next; next = waiting.at(-1)) {
      count += next.ids.length;
      if (some.length > 0 && count > TAKEN_AT_ONCE) break;
      some.push(next);
      waiting.pop();
    }
    const taken = await deps.take(some.flatMap(({ ids }) => ids));
    for (const one of some) finish(one, taken, listings, deps);
  }
}

function finish(
  { part, tries, ids }: Round["lists"][number] & { ids: string[] },
  { here, queued }: Taken,
  listings: Listings,
  deps: ComparisonDeps,
): void {
  const { lower, upper } = part;
  const count = (set: ReadonlySet<string>) => ids.filter((id) => set.has(id)).length;
  const whole = listings.add({
    lower,
    upper,
    sum: sumOfIds(part.ids),
    held: ids.length,
    here: count(here),
    queued: count(queued),
  });
  if (whole) deps.finish(whole, tries);
}

function hostile(what: string): ComparisonEnd {
  return { how: "failed", reason: `its side of the reconciliation ${what}`, isLasting: true };
}
