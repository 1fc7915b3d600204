/**
 * The filters of an upstream that is asked for some authors. Each filter has a cursor: a filter that loses an author keeps it, and a
 * new one is pulled from its history on. So new authors get a filter of their own.
 */
import { type Cursor, type FilterCursor } from "../../store/upstreams/upstream-cursor.ts";
import { keyOfFilter, MOST_FILTERS, type UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";

/** Relays refuse longer lists. */
const MOST_AUTHORS_OF_FILTER = 200;
/** Maximum number of authors of an upstream: all its filters are full. */
export const MOST_AUTHORS_OF_UPSTREAM = 2000;

/** Returns filters for these authors that keep as many of the filters of before as possible. */
export function filtersFor(authors: readonly string[], before: readonly UpstreamFilter[]): UpstreamFilter[] {
  const missing = new Set(authors);
  const groups = before.flatMap((filter) => {
    const kept = authorsOf(filter).filter((author) => missing.delete(author));
    return kept.length > 0 ? [kept] : [];
  });
  const added = [...missing].sort();
  for (let at = 0; at < added.length; at += MOST_AUTHORS_OF_FILTER)
    groups.push(added.slice(at, at + MOST_AUTHORS_OF_FILTER));
  return merged(groups).map((group) => ({ authors: group.toSorted() }));
}

/** Merges the shortest lists while there are too many filters. */
function merged(groups: string[][]): string[][] {
  const left = groups.toSorted((a, b) => b.length - a.length);
  while (left.length > MOST_FILTERS) {
    const [shortest = [], next = []] = [left.pop(), left.pop()];
    left.push([...next, ...shortest]);
    left.sort((a, b) => b.length - a.length);
  }
  return left;
}

/** Returns the cursor for these filters: one whose authors are all in a filter of before goes on where that one was. */
export function cursorFor(
  filters: readonly UpstreamFilter[],
  before: readonly UpstreamFilter[],
  cursor: Cursor,
): Cursor {
  const entries = filters.flatMap((filter): [string, FilterCursor][] => {
    const origin = before.find((one) => isWithin(filter, one));
    const found = origin && cursor.filters[keyOfFilter(origin)];
    if (!found) return [];
    const key = keyOfFilter(filter);
    // What the upstream holds of more authors is not what it holds of these.
    const { slices, ...progress } = found;
    const isSame = key === keyOfFilter(origin) && slices !== undefined;
    return [[key, isSame ? { ...progress, slices } : progress]];
  });
  return { version: 2, filters: Object.fromEntries(entries) };
}

/** Returns the authors that a filter asks for; none if it asks for anything else than authors. */
export function authorsOf(filter: UpstreamFilter): string[] {
  return Object.keys(filter).length === 1 ? (filter.authors ?? []) : [];
}

function isWithin(filter: UpstreamFilter, other: UpstreamFilter): boolean {
  const all = new Set(authorsOf(other));
  return authorsOf(filter).every((author) => all.has(author));
}
