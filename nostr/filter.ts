/** Filters: parsing, and whether an event matches (NIP-01, NIP-50). */
import { described, quoted } from "./characters.ts";
import { Candidate } from "./candidate.ts";
import { type Event, isHex64 } from "./event.ts";
import { asksForText, LONGEST_SEARCH, MOST_PHRASES, phrasesOf, searchMatcher } from "./search.ts";

export interface Filter {
  ids?: string[];
  authors?: string[];
  kinds?: number[];
  /** Tag conditions in the order in which they were written. An event must satisfy all of them. */
  tags: TagCondition[];
  /** Unix seconds, inclusive. */
  since?: number;
  /** Unix seconds, inclusive. */
  until?: number;
  /** Maximum number of stored events. Does not apply to live events. */
  limit?: number;
  /** Words that an event must all have. Absent if the search has no words. */
  search?: string;
}

export interface TagCondition {
  /** One letter, a-z or A-Z. */
  name: string;
  values: string[];
}

type ParsedFilter =
  | { ok: true; filter: Filter }
  | { ok: false; prefix: "invalid" | "unsupported"; reason: string };

/** What an id or a key is, for the client. */
const HEX = "64 lower-case hex characters";

/** Parses a filter. An empty list stays an empty list, which matches nothing. */
export function parseFilter(value: unknown): ParsedFilter {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return invalid("a filter must be a JSON object");
  }
  const filter: Filter = { tags: [] };
  for (const [field, given] of Object.entries(value)) {
    switch (field) {
      case "ids":
      case "authors": {
        const list = listOf(field, given, isHex64, HEX);
        if (typeof list === "string") return invalid(list);
        filter[field] = list;
        break;
      }
      case "kinds": {
        const list = listOf(field, given, isKind, "an integer from 0 to 65535");
        if (typeof list === "string") return invalid(list);
        filter.kinds = list;
        break;
      }
      case "since":
      case "until":
      case "limit":
        if (!isUnsigned(given))
          return invalid(`${field} is ${described(given)}, expected an integer from 0 to 2^64 - 1`);
        filter[field] = Math.min(given, Number.MAX_SAFE_INTEGER);
        break;
      case "search": {
        const reason = searchProblem(given);
        if (reason !== undefined) return invalid(reason);
        if (asksForText(given as string)) filter.search = given as string;
        break;
      }
      default: {
        if (!/^#[a-zA-Z]$/.test(field)) {
          return {
            ok: false,
            prefix: "unsupported",
            reason: `filter field ${quoted(field, 40)}`,
          };
        }
        const values = tagValues(field, given);
        if (typeof values === "string") return invalid(values);
        filter.tags.push({ name: field.slice(1), values });
      }
    }
  }
  return { ok: true, filter };
}

/** Returns a test for events. It is prepared once, so a long list costs nothing per event. Ignores `limit`. */
export function matcher(filter: Filter): (candidate: Candidate) => boolean {
  const ids = filter.ids && new Set(filter.ids);
  const authors = filter.authors && new Set(filter.authors);
  const kinds = filter.kinds && new Set(filter.kinds);
  const tags = filter.tags
    .map(({ name, values }) => ({ name, values: new Set(values) }))
    .toSorted((a, b) => a.values.size - b.values.size);
  const fitsSearch = filter.search === undefined ? undefined : searchMatcher(filter.search);
  const since = filter.since ?? 0;
  const until = filter.until ?? Number.MAX_SAFE_INTEGER;
  return (candidate) => {
    const { event } = candidate;
    return (
      event.created_at >= since &&
      event.created_at <= until &&
      (!ids || ids.has(event.id)) &&
      (!authors || authors.has(event.pubkey)) &&
      (!kinds || kinds.has(event.kind)) &&
      tags.every(({ name, values }) => candidate.hasTag(name, values)) &&
      (!fitsSearch || fitsSearch(candidate.text))
    );
  };
}

/** Returns a test for whether an event matches at least one of these filters. */
export function anyMatcher(filters: Filter[]): (event: Event) => boolean {
  const matchers = filters.map(matcher);
  return (event) => {
    const candidate = new Candidate(event);
    return matchers.some((matches) => matches(candidate));
  };
}

function invalid(reason: string): ParsedFilter {
  return { ok: false, prefix: "invalid", reason };
}

/** Returns the values of a list, or what is wrong with it: the first value that is not what was expected. */
function listOf<T>(
  field: string,
  given: unknown,
  is: (item: unknown) => item is T,
  expected: string,
): T[] | string {
  if (!Array.isArray(given)) return `${field} is ${described(given)}, expected a list`;
  if (given.every(is)) return given;
  return `${field} has ${described(given.find((item) => !is(item)))}, expected ${expected}`;
}

/** Allows up to 2^64: clients with 64-bit integers send 2^64 - 1 for "no bound", and JSON.parse rounds it up. */
function isUnsigned(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 64;
}

/** Returns what is wrong with a search, if anything. */
function searchProblem(value: unknown): string | undefined {
  if (typeof value !== "string" || Array.from(value.slice(0, 2 * LONGEST_SEARCH + 1)).length > LONGEST_SEARCH)
    return `search must be text of at most ${LONGEST_SEARCH} characters`;
  const phrases = phrasesOf(value).length;
  return phrases > MOST_PHRASES
    ? `search has ${phrases} words; at most ${MOST_PHRASES} are allowed`
    : undefined;
}

function isKind(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

/** Returns the values of a `#x` field, or what is wrong with them. `#e` and `#p` must have ids and keys. */
function tagValues(field: string, given: unknown): string[] | string {
  const values =
    field === "#e" || field === "#p"
      ? listOf(field, given, isHex64, HEX)
      : listOf(field, given, (item) => typeof item === "string", "a string");
  return typeof values === "string" || values.every((item) => item.isWellFormed())
    ? values
    : `${field} contains a lone surrogate, which is not UTF-8`;
}

/** Counts the ids, authors, kinds and tag values of filters. */
export function valuesIn(filters: Filter[]): number {
  return filters.reduce((sum, filter) => sum + valuesOf(filter), 0);
}

function valuesOf({ ids, authors, kinds, tags }: Filter): number {
  return [ids, authors, kinds, ...tags.map(({ values }) => values)].reduce(
    (sum, list) => sum + (list?.length ?? 0),
    0,
  );
}
