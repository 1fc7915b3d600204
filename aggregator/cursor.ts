/** The progress of pulling an upstream: which ranges of created_at are on the queue, and which are missing. */
import type { Config } from "../relay/config.ts";

/** A range of created_at in Unix seconds, inclusive at both ends. Without `until` it is open to the future. */
export interface Range {
  since: number;
  until?: number;
}

/** The stored cursor. A cursor of another version is dropped, and the upstream is pulled as a new one. */
export interface Cursor {
  version: 1;
  /** Everything created up to this time has been asked for. Absent before the first pull. */
  pulledTo?: number;
  /** When the last three days were last asked for again. */
  sweptAt?: number;
  /** The gaps: ranges that a pull started but did not finish, newest first. */
  pending: Range[];
}

/** Each pull goes back this many seconds, because events may reach an upstream late. */
const OVERLAP = 900;
/** The overlap while there are gaps. With the long one, no time would remain for the gaps. */
const SHORT_OVERLAP = 60;
/** Once a day the last three days are asked for again: gift wraps are backdated by up to two days (NIP-59). */
const SWEEP_INTERVAL = 86_400;
const SWEEP_DEPTH = 3 * 86_400;

export const NEW_CURSOR: Cursor = { version: 1, pending: [] };

export function readCursor(text: string): Cursor {
  const cursor = JSON.parse(text) as Cursor;
  return cursor.version === 1 ? cursor : NEW_CURSOR;
}

/** Returns the ranges to ask for, newest first. `now` is in Unix seconds. The first pull goes back `history` seconds. */
export function rangesToPull(cursor: Cursor, now: number, history = Infinity): Range[] {
  const { pulledTo, pending } = cursor;
  const since = pulledTo === undefined ? now - history : pulledTo - depthOf(cursor, now);
  return [{ since: Math.max(0, since) }, ...pending];
}

/** Returns how far back the first pull of an upstream goes, in seconds. Older events would be refused. */
export function historyOf(config: Pick<Config, "PULL_HISTORY" | "CREATED_AT_LOWER_LIMIT">): number {
  const { PULL_HISTORY, CREATED_AT_LOWER_LIMIT } = config;
  return Math.min(PULL_HISTORY === "all" ? Infinity : PULL_HISTORY, CREATED_AT_LOWER_LIMIT || Infinity);
}

/** Returns the cursor after a pull that started at `now` and did not finish the ranges `unfinished`. */
export function advance(cursor: Cursor, now: number, unfinished: Range[]): Cursor {
  const isUntouched = unfinished.some(({ until }) => until === undefined);
  const pending = mergeGaps(unfinished);
  if (isUntouched) return { ...cursor, pending };
  return {
    version: 1,
    pulledTo: now,
    sweptAt: isSweepDue(cursor, now) ? now : (cursor.sweptAt ?? now),
    pending,
  };
}

/** Returns the rest of a range after everything newer than `oldest` was received; undefined if nothing remains. */
export function remaining(range: Range, oldest: number): Range | undefined {
  return oldest < range.since ? undefined : { since: range.since, until: oldest };
}

/** Merges gaps, newest first. Otherwise an upstream that fails again and again would create more and more of them. */
function mergeGaps(ranges: Range[]): Range[] {
  const merged: Range[] = [];
  for (const { since, until } of ranges.toSorted((a, b) => (b.until ?? 0) - (a.until ?? 0))) {
    if (until === undefined) continue;
    const newer = merged.at(-1);
    if (newer && until >= newer.since - 1) newer.since = Math.min(newer.since, since);
    else merged.push({ since, until });
  }
  return merged;
}

function depthOf(cursor: Cursor, now: number): number {
  if (isSweepDue(cursor, now)) return SWEEP_DEPTH;
  return cursor.pending.length > 0 ? SHORT_OVERLAP : OVERLAP;
}

function isSweepDue({ sweptAt }: Cursor, now: number): boolean {
  return sweptAt !== undefined && now - sweptAt >= SWEEP_INTERVAL;
}
