/** One answer to the question for a range of created_at: how far it reaches, and what is to be asked next. */
import type { Range } from "../../store/upstreams/upstream-cursor.ts";
import { idOf } from "../../nostr/event.ts";
import type { Answer, Question } from "../conversation/answer.ts";
import { createdAt, isAsked } from "./asked.ts";
import { isBroken } from "../conversation/refusal.ts";

export interface Page {
  /** The events that were asked for. */
  wanted: unknown[];
  /** How many of them have not come before for this range. */
  fresh: number;
  /** The times of the oldest and the newest of them. Absent if there are none. */
  oldest?: number;
  newest?: number;
  /** NIP-01 asks for the newest first. At the same second, any order is right. */
  order: "newest-first" | "oldest-first" | "mixed";
  /** Whether events came that are newer than what was asked for. */
  isAbove: boolean;
}

/** What remains of a range after a page. */
export type Rest =
  /** Nothing. */
  | { kind: "done" }
  /** These ranges, the newest first. */
  | { kind: "ranges"; ranges: Required<Range>[] }
  /** The page is of one second only, which may have more events. Beyond it, these ranges remain. */
  | { kind: "second"; second: number; ranges: Required<Range>[] }
  /** These ranges. If anything comes for them, the upstream cut off the page, and this second may have more events. */
  | { kind: "short"; second: number; ranges: Required<Range>[] }
  /** All of it: the page says nothing about what else there is. */
  | { kind: "same" }
  /** All of it, because the upstream does not answer what it is asked. */
  | { kind: "ignored" };

/** So many events of one second, and none of another, are looked at twice: the upstream may have more of them than it gives. */
export const SUSPICIOUS = 10;

/** `seen` has the ids that have come before for this range, and gets those of the answer. */
export function readPage(question: Question, { events }: Answer, seen: Set<string>): Page {
  const wanted = events.filter((event) => isAsked(question, event));
  const until = question.until ?? Infinity;
  const page: Page = { wanted, fresh: 0, order: "newest-first", isAbove: false };
  page.isAbove = events.some((event) => (createdAt(event) ?? 0) > until);
  let [isDescending, isAscending] = [true, true];
  let last: number | undefined;
  for (const event of wanted) {
    const time = createdAt(event) as number;
    if (last !== undefined && time > last) isDescending = false;
    if (last !== undefined && time < last) isAscending = false;
    last = time;
    page.oldest = Math.min(page.oldest ?? time, time);
    page.newest = Math.max(page.newest ?? time, time);
    const key = idOf(event) ?? `${time}`;
    if (!seen.has(key)) page.fresh += 1;
    seen.add(key);
  }
  if (!isDescending) page.order = isAscending ? "oldest-first" : "mixed";
  return page;
}

/**
 * Returns what remains of a range after an answer to the question for all of it. `cap` is the number of events that the upstream
 * is known to give at most; `isOrdered` whether all its answers so far were newest first.
 */
export function restOf(
  range: Required<Range>,
  page: Page,
  { events, ending }: Answer,
  { cap, isOrdered }: { cap: number; isOrdered: boolean },
): Rest {
  const { oldest, newest } = page;
  if (isBroken(ending)) {
    const isKnown = oldest !== undefined && page.order === "newest-first" && isOrdered;
    if (!isKnown) return { kind: "same" };
    return oldest < range.until
      ? upTo(range, oldest)
      : { kind: "second", second: oldest, ranges: around(range, oldest) };
  }
  if (ending.how === "eose" && ending.isComplete) return { kind: "done" };
  const isFull = ending.how === "full" || events.length >= cap;
  // With room for more, everything from `since` on has come, even if the upstream ignores `until`.
  if (oldest === undefined || newest === undefined)
    return { kind: page.isAbove && isFull ? "ignored" : "done" };
  if (oldest === newest) return ofOneSecond(range, page, { second: oldest, isFull });
  if (page.fresh === 0 && !isFull) return { kind: "done" };
  if (page.order === "newest-first") return upTo(range, oldest);
  // Either the oldest events of the range came, or the newest of them in the wrong order.
  if (page.order === "oldest-first")
    return {
      kind: "ranges",
      ranges: [
        { since: newest, until: range.until },
        { since: range.since, until: oldest },
      ],
    };
  const middle = Math.floor((oldest + newest) / 2);
  return {
    kind: "ranges",
    ranges: [
      { since: middle + 1, until: range.until },
      { since: range.since, until: middle },
    ],
  };
}

function ofOneSecond(
  range: Required<Range>,
  { fresh, wanted }: Page,
  { second, isFull }: { second: number; isFull: boolean },
): Rest {
  if (isFull || wanted.length >= SUSPICIOUS) return { kind: "second", second, ranges: around(range, second) };
  if (fresh === 0) return { kind: "done" };
  return { kind: "short", second, ranges: around({ ...range, until: second }, second) };
}

/** Everything newer than `oldest` has come; of its second there may be more. */
function upTo({ since }: Range, oldest: number): Rest {
  return { kind: "ranges", ranges: [{ since, until: oldest }] };
}

/** Returns a range without one of its seconds, newest first. */
function around({ since, until }: Required<Range>, second: number): Required<Range>[] {
  return [
    { since: second + 1, until },
    { since, until: second - 1 },
  ].filter((range) => range.since <= range.until);
}
