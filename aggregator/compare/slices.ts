/** Divides what an upstream holds into slices by created_at: which to compare, and how large they are. Pure. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { addSums } from "../../nostr/negentropy-wire.ts";
import { countedFrom, DAY, type Slice, type Slices } from "../../store/database/slices.ts";

/** A range of created_at in Unix seconds, without its end. Without a slice it is a hole. */
export interface Segment {
  since: number;
  until: number;
  slice?: Slice;
}

/** The newest slices are small, because most changes are there. Those behind them have up to this many events. */
const LEAST_EVENTS = 32;
const USUAL_EVENTS = 512;
const MOST_EVENTS = 16_384;
/** About how many slices there are at most, if there are many events. */
const USUAL_SLICES = 128;

/** Events that each pull compares, the newest. The others take turns, a round a day. */
const EACH_PULL = 100_000;

/** Returns the slices and holes from `floor` to before `end`, newest first. Holes of the last days end at midnight. */
export function segmentsOf({ floor, slices }: Slices, end: number, now: number): Segment[] {
  const segments: Segment[] = [];
  let since = floor;
  for (const slice of slices) {
    if (slice.since > since) segments.push(...holesByDay(since, slice.since, now));
    segments.push({ since: slice.since, until: slice.until, slice });
    since = slice.until;
  }
  if (end > since) segments.push(...holesByDay(since, end, now));
  return segments.toReversed();
}

function holesByDay(since: number, until: number, now: number): Segment[] {
  const holes: Segment[] = [];
  for (let start = since; start < until;) {
    const midnight = (Math.floor(Math.max(start, countedFrom(now)) / DAY) + 1) * DAY;
    const end = Math.min(until, start < countedFrom(now) ? countedFrom(now) : midnight);
    holes.push({ since: start, until: end });
    start = end;
  }
  return holes;
}

/** Returns the segments to compare in a pull, newest first, and the round after it. */
export function segmentsToCompare(
  state: Slices,
  { end, now }: { end: number; now: number },
): { segments: Segment[]; round: Slices["round"] } {
  const below = startOfRound(state, now);
  const inRound: Slice[] = [];
  let newer = 0;
  let compared = 0;
  const segments = segmentsOf(state, end, now).filter(({ since, slice }) => {
    if (!slice) return true;
    const isNew = newer < EACH_PULL;
    newer += slice.held;
    const isNext = !isNew && since < below && compared < EACH_PULL;
    if (isNext) {
      inRound.push(slice);
      compared += slice.held;
    }
    return isNew || isNext || isDue(slice, now);
  });
  return { segments, round: roundAfter(state, inRound, now) };
}

/** Returns the second below which old slices have their turn; -Infinity if none has. A round begins at most once a day. */
function startOfRound({ round }: Slices, now: number): number {
  if (round?.below !== undefined) return round.below;
  return round && now - round.at < DAY ? -Infinity : Infinity;
}

function roundAfter({ round, slices }: Slices, inRound: readonly Slice[], now: number): Slices["round"] {
  const isRunning = round?.below !== undefined;
  const last = inRound.at(-1);
  if (!last) return isRunning ? { at: round.at } : round;
  const at = isRunning ? round.at : now;
  return last === slices[0] ? { at } : { at, below: last.since };
}

/** Lists slices again that have events that are not here, if the rules have changed: some may have been refused by other rules. */
export function underRules(state: Slices, rules: string | undefined, now: number): Slices {
  if (state.rules === rules) return state;
  const again = { at: now, tries: -1 };
  const slices = state.slices.map((slice) => (slice.here < slice.held ? { ...slice, again } : slice));
  return { ...state, slices, rules };
}

export function isDue({ again }: Slice, now: number): boolean {
  return again !== undefined && again.at <= now;
}

/** Adds a slice in place of all that it overlaps. */
export function putSlice(slices: readonly Slice[], slice: Slice): Slice[] {
  return [...withoutRange(slices, slice), slice].sort((a, b) => a.since - b.since);
}

/** Returns the slices that do not overlap a range. */
export function withoutRange(
  slices: readonly Slice[],
  { since, until }: { since: number; until: number },
): Slice[] {
  return slices.filter((slice) => slice.until <= since || slice.since >= until);
}

/**
 * Joins neighbours while they are small. A slice has at most as many events as are newer than it, so few are listed when
 * the newest change.
 */
export function joinSlices(slices: readonly Slice[], now: number): Slice[] {
  const total = slices.reduce((sum, { held }) => sum + held, 0);
  const full = Math.min(MOST_EVENTS, Math.max(USUAL_EVENTS, Math.ceil(total / USUAL_SLICES)));
  const joined: Slice[] = [];
  let newer = 0;
  for (const slice of slices.toReversed()) {
    const last = joined.at(-1);
    const most = Math.min(full, Math.max(LEAST_EVENTS, newer));
    if (last && last.held + slice.held <= most && areOfOneDay(slice, last, now)) {
      joined[joined.length - 1] = joinedSlice(slice, last);
      continue;
    }
    newer += last?.held ?? 0;
    joined.push(slice);
  }
  return joined.toReversed();
}

/** Whether two slices touch, and not at a midnight that separates days that are counted. */
function areOfOneDay(older: Slice, newer: Slice, now: number): boolean {
  if (older.until !== newer.since) return false;
  return newer.since % DAY !== 0 || newer.since < countedFrom(now);
}

function joinedSlice(older: Slice, newer: Slice): Slice {
  const again = [older.again, newer.again].filter((one) => one !== undefined);
  return {
    since: older.since,
    until: newer.until,
    held: older.held + newer.held,
    here: older.here + newer.here,
    sum: bytesToHex(addSums(hexToBytes(older.sum), hexToBytes(newer.sum))),
    ...(again.length > 0 && {
      again: {
        at: Math.max(...again.map(({ at }) => at)),
        tries: Math.min(...again.map(({ tries }) => tries)),
      },
    }),
  };
}
