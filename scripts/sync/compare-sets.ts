/** Compares what two relays have by reconciliation (NIP-77), window after window of created_at, the newest first. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { type ComparisonEnd, endOf } from "../../aggregator/compare/comparison.ts";
import type { Segment } from "../../aggregator/compare/slices.ts";
import { nextWindow, smallerLimits, type WindowLimits } from "../../aggregator/compare/windows.ts";
import { pauseIn } from "../../aggregator/conversation/refusal.ts";
import type { Sync } from "../../aggregator/conversation/upstream.ts";
import { Bridge, type OnlyOn, type Side } from "../../nostr/negentropy-bridge.ts";
import { boundAt } from "../../nostr/negentropy-wire.ts";

/** Both in Unix seconds, inclusive. Absent: without a bound. */
export interface Range {
  since?: number;
  until?: number;
}

export interface CompareDeps {
  /** Begins a reconciliation of a range with one side. */
  sync(side: Side, range: Range): Sync;
  /** Takes the ids that only one side has. The next message is sent when it resolves. */
  found(only: OnlyOn): Promise<void>;
  /** Compares a range in another way: one side cannot reconcile it, and says why. */
  otherwise(range: Range, side: Side, reason: string): Promise<void>;
  /** Called before a window is compared again, so that one side gets time. `attempt` is from 1. */
  pause(side: Side, reason: string, attempt: number): Promise<void>;
  /** Ends the comparison before the next message. */
  signal: AbortSignal;
  /** Unix seconds. */
  now(): number;
}

type Ending = ComparisonEnd & { side: Side };

/** November 2020: hardly any event is older. */
const FIRST_EVENTS = 1_604_188_800;
const END = Number.MAX_SAFE_INTEGER;
/** After so many windows in a row, a longer one is tried again: old events are sparser than new ones. */
const WINDOWS_OF_A_SPAN = 4;
/** In a row, for reasons that may pass: of a side that has answered before, and of one that has not. */
const MOST_ATTEMPTS = { known: 8, unknown: 1 };
const MOST_MESSAGES = 20_000;

/** Resolves when everything in a range is compared, or when the signal aborts. */
export async function compareSets(range: Range, deps: CompareDeps): Promise<void> {
  let limits: WindowLimits = { most: Infinity, span: Infinity, segments: 1 };
  let done = 0;
  let attempts = 0;
  const known = new Set<Side>();
  for (let waiting = segmentsOf(range, deps.now()); waiting[0] && !deps.signal.aborted;) {
    const window = nextWindow(waiting, limits);
    const ending = await compareWindow(window.segments, known, deps);
    if (ending.how === "over") return;
    if (ending.how === "done") {
      attempts = 0;
      done += 1;
      if (done % WINDOWS_OF_A_SPAN === 0) limits = { ...limits, span: 2 * limits.span };
    } else if (ending.how === "too-many") {
      done = 0;
      const smaller = smallerLimits(limits, window.segments, ending.most);
      if (smaller) {
        limits = smaller;
        continue;
      }
      // A single second has too many events.
      await deps.otherwise(rangeOf(window.segments), ending.side, ending.reason);
    } else if (!ending.isLasting && attempts < MOST_ATTEMPTS[known.has(ending.side) ? "known" : "unknown"]) {
      attempts += 1;
      // Perhaps it gave up because the transfer of what was found took too long.
      limits = smallerLimits(limits, window.segments, undefined) ?? limits;
      await deps.pause(ending.side, ending.reason, attempts);
      continue;
    } else return deps.otherwise(rangeOf(waiting.toReversed()), ending.side, ending.reason);
    waiting = window.rest;
  }
}

/** Returns what is compared, newest first: apart what is not expected to have many events. */
function segmentsOf({ since = 0, until = END - 1 }: Range, now: number): Segment[] {
  const end = Math.min(END, until + 1);
  const bounds = [end, now + 1, FIRST_EVENTS, since].filter((at) => at >= since && at <= end);
  return bounds
    .slice(1)
    .map((start, n) => ({ since: start, until: bounds[n] ?? start }))
    .filter((segment) => segment.since < segment.until);
}

/** Returns the range of segments that touch each other, oldest first. */
function rangeOf(segments: readonly Segment[]): Range {
  const since = segments[0]?.since ?? 0;
  const until = segments.at(-1)?.until ?? END;
  return { ...(since > 0 && { since }), ...(until < END && { until: until - 1 }) };
}

/** Compares one window. Notes in `known` which sides have answered. */
async function compareWindow(
  segments: readonly Segment[],
  known: Set<Side>,
  deps: CompareDeps,
): Promise<Ending> {
  const range = rangeOf(segments);
  const bridge = new Bridge({
    lower: boundAt(segments[0]?.since ?? 0),
    upper: boundAt(segments.at(-1)?.until ?? END),
  });
  const syncs = { left: deps.sync("left", range), right: deps.sync("right", range) };
  try {
    let next = bridge.next();
    for (let messages = 0; next; messages += 1) {
      const { side, message } = next;
      if (deps.signal.aborted) return { how: "over", side };
      if (messages === MOST_MESSAGES) return failed(side, "its side does not come to an end");
      const { ending } = await syncs[side].send(bytesToHex(message));
      if (ending.how !== "message") {
        const isBusy = ending.how === "closed" && pauseIn(ending.reason) !== undefined;
        if (isBusy) known.add(side);
        return { ...endOf(ending), side };
      }
      known.add(side);
      const taken = bridge.take(bytesOf(ending.message));
      if (!taken.ok) return failed(side, taken.reason);
      await deps.found(taken.only);
      next = bridge.next();
    }
    return { how: "done", side: "left" };
  } finally {
    syncs.left.close();
    syncs.right.close();
  }
}

/** Returns the bytes of a message. If it is not hex, there are none, which the other side refuses. */
function bytesOf(hex: string): Uint8Array {
  try {
    return hexToBytes(hex);
  } catch {
    return new Uint8Array();
  }
}

function failed(side: Side, reason: string): Ending {
  return { how: "failed", reason, isLasting: true, side };
}
