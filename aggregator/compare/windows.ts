/** Divides the segments of a pull into windows that an upstream accepts in one reconciliation. Pure. */
import type { Segment } from "./slices.ts";

/** What an upstream accepts in one window. */
export interface WindowLimits {
  /** Number of events that are remembered. */
  most: number;
  /** Seconds that are not remembered. */
  span: number;
  /** Segments. The upstream may have more events there than are remembered. */
  segments: number;
}

/** Segments of one window: the first message of a reconciliation asks about each. */
export const MOST_SEGMENTS = 400;
/** A window with fewer new events than this lets the next one be longer. */
const FEW_EVENTS = 10_000;
/** An upstream gets more events while it is pulled: its maximum is not used to the full. */
const SHARE_OF_MOST = 0.8;
/** Upstreams that accept fewer events are found out again in each pull. */
const LEAST_MOST = 1000;

/**
 * Takes the first window off a list of segments, newest first. A window is one stretch of time. `segments` of the window
 * are oldest first.
 */
export function nextWindow(
  waiting: readonly Segment[],
  { most, span, segments: count }: WindowLimits,
): { segments: Segment[]; rest: Segment[] } {
  const rest = [...waiting];
  const segments: Segment[] = [];
  let held = 0;
  let unknown = 0;
  while (rest[0] && segments.length < count) {
    const [next] = rest;
    const newer = segments.at(-1);
    if (newer && next.until !== newer.since) break;
    if (next.slice) {
      held += next.slice.held;
      if (newer && held > most) break;
      segments.push(next);
      rest.shift();
      continue;
    }
    if (newer && unknown >= span) break;
    const since = Math.max(next.since, next.until - Math.max(1, span - unknown));
    segments.push({ since, until: next.until });
    unknown += next.until - since;
    if (since === next.since) rest.shift();
    else rest[0] = { since: next.since, until: since };
  }
  return { segments: segments.toReversed(), rest };
}

/** Returns smaller limits after a window that had too many events; undefined if it cannot be smaller. */
export function smallerLimits(
  limits: WindowLimits,
  segments: readonly Segment[],
  most: number | undefined,
): WindowLimits | undefined {
  const held = segments.reduce((sum, { slice }) => sum + (slice?.held ?? 0), 0);
  const seconds = lengthOf(segments);
  if (seconds <= 1) return undefined;
  const told = most === undefined ? Infinity : Math.floor(most * SHARE_OF_MOST);
  // With a hole, nobody knows how many events the window has.
  const found = segments.every(({ slice }) => slice) ? Math.max(LEAST_MOST, Math.floor(held / 2)) : Infinity;
  return {
    most: Math.min(limits.most, told, found),
    span: Math.max(1, Math.floor(Math.min(limits.span, seconds) / 2)),
    segments: Math.max(1, Math.floor(segments.length / 2)),
  };
}

/** Returns the limits after a window in which `listed` events were new. Old events are sparser than new ones. */
export function laterLimits(
  limits: WindowLimits,
  segments: readonly Segment[],
  listed: number,
): WindowLimits {
  const isFull = lengthOf(segments) >= limits.span;
  const isSparse = isFull && listed < Math.min(FEW_EVENTS, limits.most / 4);
  return {
    ...limits,
    ...(isSparse && { span: 2 * limits.span }),
    segments: Math.min(MOST_SEGMENTS, 2 * limits.segments),
  };
}

function lengthOf(segments: readonly Segment[]): number {
  return (segments.at(-1)?.until ?? 0) - (segments[0]?.since ?? 0);
}
