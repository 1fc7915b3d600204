/** The progress of pulling an upstream, as it moves to another home of the relay. What comes from a file is not trusted. */
import { described, printable } from "../../nostr/characters.ts";
import { DAY, type Slice, type Slices } from "../database/slices.ts";
import type { Cursor, FilterCursor, LostRange, Range } from "./upstream-cursor.ts";
import { keyOfFilter, parseUpstreamSettings } from "./upstream-settings.ts";

type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

/** More than an upstream can have: the filters of now, and those whose progress is remembered. */
const MOST_FILTERS = 100;
const MOST_RANGES = 1000;
const MOST_SLICES = 1000;
const LONGEST_REASON = 500;
const LATEST_SECOND = 9_999_999_999;
/** What was pulled shortly before the export may not have been stored there: so many seconds are asked for again. */
const DOUBTED_SECONDS = 3 * DAY;

class MalformedError extends Error {}

/**
 * Parses a cursor of another home. The last three days are asked for again, and compared again. `now` is in Unix seconds. `reason` is a
 * sentence for people.
 */
export function parseMovedCursor(value: unknown, now: number): Parsed<Cursor> {
  try {
    const { version, filters } = objectIn(value, "the cursor");
    if (version !== 2) throw new MalformedError(`version of the cursor is ${described(version)}, expected 2`);
    const entries = Object.entries(objectIn(filters, "filters of the cursor"));
    if (entries.length > MOST_FILTERS)
      throw new MalformedError(
        `the cursor has ${entries.length} filters; at most ${MOST_FILTERS} are allowed`,
      );
    const parsed = entries.map(([key, one]) => [keyIn(key), filterCursorIn(one, now)] as const);
    return { ok: true, value: { version: 2, filters: Object.fromEntries(parsed) } };
  } catch (error) {
    if (error instanceof MalformedError) return { ok: false, reason: error.message };
    throw error;
  }
}

/** Returns the key of a filter if it is one. */
function keyIn(key: string): string {
  let filter: unknown;
  try {
    filter = JSON.parse(key);
  } catch {
    filter = undefined;
  }
  const parsed = parseUpstreamSettings({ filters: [filter] });
  if (!parsed.ok) throw new MalformedError(`the cursor has no filter ${described(key)}: ${parsed.reason}`);
  return keyOfFilter(parsed.settings.filters[0] ?? {});
}

function filterCursorIn(value: unknown, now: number): FilterCursor {
  const given = objectIn(value, "the cursor of a filter");
  const { pulledTo, pending, lost = [], slices } = given;
  const cursor: FilterCursor = { pending: listIn(pending, "pending", MOST_RANGES).map(rangeIn) };
  if (pulledTo !== undefined) {
    cursor.pulledTo = Math.min(secondIn(pulledTo, "pulledTo"), now);
    // Then the last three days are due to be asked for again.
    cursor.sweptAt = 0;
  }
  const ranges = listIn(lost, "lost", MOST_RANGES).map(lostIn);
  if (ranges.length > 0) cursor.lost = ranges;
  if (slices !== undefined) cursor.slices = slicesIn(slices, now);
  return cursor;
}

function rangeIn(value: unknown): Range {
  const { since, until } = objectIn(value, "a range");
  const start = secondIn(since, "since");
  if (until === undefined) return { since: start };
  return { since: start, until: after(secondIn(until, "until"), start) };
}

function lostIn(value: unknown): LostRange {
  const { since, until, reason } = objectIn(value, "a range");
  if (typeof reason !== "string" || reason.length > LONGEST_REASON)
    throw new MalformedError(`reason of a lost range is ${described(reason)}, expected a short text`);
  const start = secondIn(since, "since");
  return { since: start, until: after(secondIn(until, "until"), start), reason: printable(reason) };
}

/** Slices of the last days are left out, so that they are compared again. Nothing is due to be listed again. */
function slicesIn(value: unknown, now: number): Slices {
  const { floor, slices, at, checkedAt } = objectIn(value, "slices");
  const doubted = now - DOUBTED_SECONDS;
  const parsed: Slice[] = [];
  for (const one of listIn(slices, "slices", MOST_SLICES)) {
    const slice = sliceIn(one);
    if (slice.since < (parsed.at(-1)?.until ?? 0))
      throw new MalformedError("the slices overlap, or are out of order");
    parsed.push(slice);
  }
  return {
    floor: secondIn(floor, "floor"),
    slices: parsed.filter(({ until }) => until <= doubted),
    ...(at !== undefined && { at: Math.min(secondIn(at, "at"), now) }),
    ...(checkedAt !== undefined && { checkedAt: Math.min(secondIn(checkedAt, "checkedAt"), now) }),
  };
}

function sliceIn(value: unknown): Slice {
  const { since, until, held, here, sum } = objectIn(value, "a slice");
  if (typeof sum !== "string" || !/^[0-9a-f]{64}$/.test(sum))
    throw new MalformedError(`sum of a slice is ${described(sum)}, expected 64 hex digits`);
  const start = secondIn(since, "since");
  const end = secondIn(until, "until");
  if (end <= start) throw new MalformedError(`until (${end}) of a slice is not after since (${start})`);
  return { since: start, until: end, sum, held: numberIn(held, "held"), here: numberIn(here, "here") };
}

function after(until: number, since: number): number {
  if (until < since) throw new MalformedError(`until (${until}) of a range is before since (${since})`);
  return until;
}

function secondIn(value: unknown, name: string): number {
  const second = numberIn(value, name);
  if (second > LATEST_SECOND) throw new MalformedError(`${name} is ${second}, expected Unix seconds`);
  return second;
}

function numberIn(value: unknown, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new MalformedError(`${name} is ${described(value)}, expected a number from 0`);
}

function listIn(value: unknown, name: string, most: number): unknown[] {
  if (Array.isArray(value) && value.length <= most) return value;
  throw new MalformedError(`${name} is ${described(value)}, expected a list of at most ${most}`);
}

function objectIn(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new MalformedError(`${name} is ${described(value)}, expected an object`);
}
