/** Moves the cursor of a filter: which ranges of created_at to ask for, and what remains after a pull. */
import { firstCharacters } from "../../nostr/characters.ts";
import type { Config } from "../../relay/config.ts";
import type { FilterCursor, LostRange, Range } from "../../store/upstreams/upstream-cursor.ts";

/** Each pull goes back this many seconds, because events may reach an upstream late. */
const OVERLAP = 900;
/** The overlap while there are gaps. With the long one, no time would remain for the gaps. */
const SHORT_OVERLAP = 60;
/** Once a day the last three days are asked for again: gift wraps are backdated by up to two days (NIP-59). */
const SWEEP_INTERVAL = 86_400;
const SWEEP_DEPTH = 3 * 86_400;
/** Clocks of different machines may differ by so many seconds. */
const CLOCKS_DIFFER = 60;
/** Each is a second, so that an upstream has more of them only if it is of no use. */
export const MOST_LOST = 100;
/** Maximum number of characters of a reason, and of gaps: the cursors of 20 filters fit in a row of D1, which takes 2 MB. */
const LONGEST_REASON = 150;
const MOST_GAPS = 500;

/** Returns the ranges to ask for, newest first. `now` is in Unix seconds. The first pull goes back `history` seconds. */
export function rangesToPull(cursor: FilterCursor, now: number, history = Infinity): Range[] {
  const { pulledTo, pending } = cursor;
  const since = pulledTo === undefined ? now - history : Math.min(pulledTo, now) - depthOf(cursor, now);
  return [{ since: Math.max(0, since) }, ...pending];
}

/** Returns how far back the first pull of an upstream goes, in seconds. Older events would be refused. */
export function historyOf(config: Pick<Config, "PULL_HISTORY" | "CREATED_AT_LOWER_LIMIT">): number {
  const { PULL_HISTORY, CREATED_AT_LOWER_LIMIT } = config;
  return Math.min(PULL_HISTORY === "all" ? Infinity : PULL_HISTORY, CREATED_AT_LOWER_LIMIT || Infinity);
}

/** Returns the cursor after a pull that started at `now` and did not finish the ranges `unfinished`. */
export function advance(cursor: FilterCursor, now: number, unfinished: Range[]): FilterCursor {
  const isUntouched = unfinished.some(({ until }) => until === undefined);
  const moved = { ...cursor, triedAt: now, pending: mergeGaps(unfinished) };
  if (isUntouched) return moved;
  return { ...moved, pulledTo: now, sweptAt: isSweepDue(cursor, now) ? now : (cursor.sweptAt ?? now) };
}

/** Adds ranges that an operator wants to the gaps. What was lost there is asked for again. */
export function withBackfill(cursor: FilterCursor, ranges: Required<Range>[]): FilterCursor {
  if (ranges.length === 0) return cursor;
  const lost = cursor.lost?.filter(
    (gap) => !ranges.some(({ since, until }) => gap.since >= since && gap.until <= until),
  );
  return { ...cursor, pending: mergeGaps([...cursor.pending, ...ranges]), ...(lost && { lost }) };
}

/** Keeps the newest ranges that cannot be had. */
export function withLost(cursor: FilterCursor, lost: readonly LostRange[]): FilterCursor {
  if (lost.length === 0) {
    const { lost: _, ...rest } = cursor;
    return rest;
  }
  const newest = lost.toSorted((a, b) => b.until - a.until).slice(0, MOST_LOST);
  const kept = newest.map((one) => ({ ...one, reason: firstCharacters(one.reason, LONGEST_REASON) }));
  return { ...cursor, lost: kept };
}

/**
 * Merges gaps, newest first. Otherwise an upstream that fails again and again would create more and more of them. A single second
 * stays apart from its neighbours: its events did not come, and the next pull asks for it by itself. If there are too many, the
 * oldest are one, with what is between them: to ask for that again loses nothing.
 */
function mergeGaps(ranges: Range[]): Range[] {
  const merged: Range[] = [];
  for (const { since, until } of ranges.toSorted((a, b) => (b.until ?? 0) - (a.until ?? 0))) {
    if (until === undefined) continue;
    const newer = merged.at(-1);
    const isApart = newer && (since === until || newer.since === newer.until);
    if (newer && until >= newer.since - (isApart ? 0 : 1)) newer.since = Math.min(newer.since, since);
    else merged.push({ since, until });
  }
  const [first, ...others] = merged.splice(MOST_GAPS - 1);
  return first ? [...merged, { ...first, since: others.at(-1)?.since ?? first.since }] : merged;
}

function depthOf(cursor: FilterCursor, now: number): number {
  if (isSweepDue(cursor, now)) return SWEEP_DEPTH;
  return cursor.pending.length > 0 ? SHORT_OVERLAP : OVERLAP;
}

/** If a clock was ahead, nobody knows what came since then, so it is due too. */
function isSweepDue({ pulledTo = 0, sweptAt }: FilterCursor, now: number): boolean {
  return sweptAt !== undefined && (now - sweptAt >= SWEEP_INTERVAL || pulledTo > now + CLOCKS_DIFFER);
}
