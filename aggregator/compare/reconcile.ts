/**
 * Compares what an upstream holds with what it held (NIP-77), and queues what is missing here. Nothing is read from the
 * database for ranges that have not changed. The remembered state moves only over what is on the queue.
 */
import type { Slice, Slices } from "../../store/database/slices.ts";
import { compareSegments, type ComparisonDeps, type ComparisonEnd } from "./comparison.ts";
import type { Range } from "../../store/upstreams/upstream-cursor.ts";
import { sliceOf } from "./listed.ts";
import { joinSlices, putSlice, type Segment, segmentsToCompare, withoutRange } from "./slices.ts";
import type { Sync } from "../conversation/upstream.ts";
import { laterLimits, MOST_SEGMENTS, nextWindow, smallerLimits, type WindowLimits } from "./windows.ts";

export interface ReconcileDeps extends Pick<ComparisonDeps, "take" | "isOver" | "now"> {
  /** Begins a reconciliation of the events from `since` to `until`, inclusive. */
  sync(range: Required<Range>): Sync;
}

export interface ReconcileTask {
  /** Undefined: this is the first time. */
  slices: Slices | undefined;
  /** How far back the first comparison goes, in Unix seconds. */
  floor: number;
  /** The first second that is too far ahead. */
  end: number;
  /** Ranges that an earlier pull did not finish, or that an operator wants. What is remembered of them does not count. */
  doubted: readonly Range[];
}

export interface ReconcileResult {
  slices: Slices;
  /** Whether everything that was to be compared is compared. */
  isDone: boolean;
  /** Whether something was listed, and is on the queue. */
  hasFinished: boolean;
  /** Why it failed. `isLasting`: do not try again soon. */
  failure?: { reason: string; isLasting: boolean };
  /** What went wrong on this side, such as a queue that refuses. */
  error?: unknown;
}

/** Old slices are joined when there are more than this, and at the end. */
const MOST_UNJOINED = 1000;
/** An honest upstream has about 200. More of them that cannot be joined, because of holes between them, are of no use. */
const MOST_SLICES = 600;

class TooManySlicesError extends Error {}

export async function reconcileUpstream(
  { slices: known, floor, end, doubted }: ReconcileTask,
  deps: ReconcileDeps,
): Promise<ReconcileResult> {
  const now = deps.now();
  const before = doubted.reduce(withoutDoubted, known?.slices ?? []);
  const state: Slices = { ...known, floor: Math.min(floor, known?.floor ?? floor), slices: before };
  const { segments, round } = segmentsToCompare(state, { end, now });
  const ending = await compareAll(state, segments, deps).catch((error: unknown): Ending =>
    error instanceof TooManySlicesError
      ? { how: "failed", reason: "it lists what it holds in too many pieces", isLasting: true }
      : { how: "error", error },
  );
  const former = new Set(before);
  const hasFinished = state.slices.some((slice) => !former.has(slice));
  state.slices = joinSlices(state.slices, now).slice(-MOST_SLICES);
  if (ending.how === "done") {
    state.at = now;
    if (round) state.round = round;
  }
  return { slices: state, isDone: ending.how === "done", hasFinished, ...outcomeOf(ending) };
}

function withoutDoubted(slices: Slice[], { since, until = Infinity }: Range): Slice[] {
  return withoutRange(slices, { since, until: until + 1 });
}

type Ending = ComparisonEnd | { how: "error"; error: unknown };

function outcomeOf(ending: Ending): Pick<ReconcileResult, "failure" | "error"> {
  switch (ending.how) {
    case "failed":
      return { failure: { reason: ending.reason, isLasting: ending.isLasting } };
    case "too-many":
      return { failure: { reason: `it refused: ${ending.reason}`, isLasting: true } };
    case "error":
      return { error: ending.error };
    default:
      return {};
  }
}

/** Compares window after window, the newest first. Changes the slices in `state` as it goes. */
async function compareAll(state: Slices, segments: Segment[], deps: ReconcileDeps): Promise<ComparisonEnd> {
  let limits: WindowLimits = {
    most: state.most ?? Infinity,
    span: state.span ?? Infinity,
    segments: MOST_SEGMENTS,
  };
  let isFirst = true;
  for (let waiting = segments; waiting.length > 0;) {
    const window = nextWindow(waiting, limits);
    const { ending, listed } = await compareWindow(state, window.segments, deps);
    if (ending.how === "too-many") {
      const smaller = smallerLimits(limits, window.segments, ending.most);
      if (!smaller) return ending;
      limits = smaller;
      waiting = unremembered(state, window.segments, waiting);
      continue;
    }
    if (isFirst) remember(state, limits);
    isFirst = false;
    if (ending.how !== "done") return ending;
    limits = laterLimits(limits, window.segments, listed);
    waiting = window.rest;
  }
  return { how: "done" };
}

/** A single slice that is too large is forgotten, so that it is compared in parts. */
function unremembered(state: Slices, [only, ...more]: Segment[], waiting: Segment[]): Segment[] {
  if (!only?.slice || more.length > 0) return waiting;
  state.slices = withoutRange(state.slices, only);
  return [{ since: only.since, until: only.until }, ...waiting.slice(1)];
}

function remember(state: Slices, { most, span }: Pick<WindowLimits, "most" | "span">): void {
  if (most < Infinity) state.most = most;
  if (span < Infinity) state.span = span;
}

async function compareWindow(
  state: Slices,
  segments: Segment[],
  deps: ReconcileDeps,
): Promise<{ ending: ComparisonEnd; listed: number }> {
  let listed = 0;
  const [oldest, newest] = [segments[0], segments.at(-1)];
  if (!oldest || !newest) return { ending: { how: "done" }, listed };
  const sync = deps.sync({ since: oldest.since, until: newest.until - 1 });
  try {
    const ending = await compareSegments(sync, segments, {
      take: deps.take,
      isOver: deps.isOver,
      now: deps.now,
      forget: (segment) => (state.slices = withoutRange(state.slices, segment)),
      finish: (listing, tries) => {
        listed += listing.held;
        state.slices = withSlice(state.slices, sliceOf(listing, tries, deps.now()), deps.now());
      },
    });
    return { ending, listed };
  } finally {
    sync.close();
  }
}

function withSlice(slices: Slice[], slice: Slice, now: number): Slice[] {
  const added = putSlice(slices, slice);
  if (added.length <= MOST_UNJOINED) return added;
  const joined = joinSlices(added, now);
  if (joined.length > MOST_UNJOINED) throw new TooManySlicesError();
  return joined;
}

/** Returns the ranges that have never been compared to their end, newest first. */
export function gapsOf({ floor, slices }: Slices, end: number): Required<Range>[] {
  const gaps: Required<Range>[] = [];
  let since = floor;
  for (const slice of [...slices, { since: end, until: end }]) {
    if (slice.since > since) gaps.push({ since, until: slice.since - 1 });
    since = slice.until;
  }
  return gaps.toReversed();
}
