/** How far a pull has come: which ranges of created_at are on the queue, and which are still to be asked for. */

/** Unix seconds, inclusive at both ends; without `until` it is open to the future. */
export interface Range {
  since: number;
  until?: number;
}

/** Stored, so it says its version; another one is dropped, and the upstream pulled afresh. */
export interface Cursor {
  version: 1;
  /** Everything created up to here has been asked for; absent before the first pull. */
  pulledTo?: number;
  /** When the last days were asked for again. */
  sweptAt?: number;
  /** Gaps: begun and not finished, newest first. */
  pending: Range[];
}

/** Events may reach an upstream this much later than they were created, in seconds. */
const OVERLAP = 900;
/** While there are gaps: asking for the same quarter of an hour again and again would leave no time for them. */
const SHORT_OVERLAP = 60;
/** Once a day the last three days are asked for again: gift wraps are back-dated by up to two (NIP-59). */
const SWEEP_INTERVAL = 86_400;
const SWEEP_DEPTH = 3 * 86_400;

export const NEW_CURSOR: Cursor = { version: 1, pending: [] };

export function readCursor(text: string): Cursor {
  const cursor = JSON.parse(text) as Cursor;
  return cursor.version === 1 ? cursor : NEW_CURSOR;
}

/** What to ask for now, what is newest first. `now` is in Unix seconds. */
export function rangesToPull(cursor: Cursor, now: number): Range[] {
  return [{ since: Math.max(0, (cursor.pulledTo ?? 0) - depthOf(cursor, now)) }, ...cursor.pending];
}

/** The cursor after a pull that began at `now` and left `unfinished` of the ranges it was given. */
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

/** What is left of a range once everything newer than `oldest` has been received; undefined when nothing is. */
export function remaining(range: Range, oldest: number): Range | undefined {
  return oldest < range.since ? undefined : { since: range.since, until: oldest };
}

/** Newest first, and as few as possible: an upstream that fails again and again does not make more and more of them. */
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
