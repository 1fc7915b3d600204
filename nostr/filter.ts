/** Filters: what a client may ask for, and whether an event fits (NIP-01, NIP-50). */
import { type Event, isHex64, isIndexable } from "./event.ts";
import { asksForText, LONGEST_SEARCH, searchMatcher } from "./search.ts";

export interface Filter {
  ids?: string[];
  authors?: string[];
  kinds?: number[];
  /** Tag conditions in the order they were written; all of them must hold. */
  tags: TagCondition[];
  /** Unix seconds, inclusive. */
  since?: number;
  /** Unix seconds, inclusive. */
  until?: number;
  /** How many stored events to send; says nothing about live ones. */
  limit?: number;
  /** Words of which none may be missing; absent when what was given asks for none. */
  search?: string;
}

export interface TagCondition {
  /** One letter, a-z or A-Z. */
  name: string;
  values: string[];
}

export type ParsedFilter =
  | { ok: true; filter: Filter }
  | { ok: false; prefix: "invalid" | "unsupported"; reason: string };

/** An empty list stays an empty list: it matches nothing. */
export function parseFilter(value: unknown): ParsedFilter {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return invalid("a filter is a JSON object");
  }
  const filter: Filter = { tags: [] };
  for (const [field, given] of Object.entries(value)) {
    switch (field) {
      case "ids":
      case "authors":
        if (!isListOf(given, isHex64))
          return invalid(`${field} must be a list of 64 lower-case hex characters`);
        filter[field] = given;
        break;
      case "kinds":
        if (!isListOf(given, isKind)) return invalid("kinds must be a list of integers from 0 to 65535");
        filter.kinds = given;
        break;
      case "since":
      case "until":
      case "limit":
        if (!isCount(given)) return invalid(`${field} must be a non-negative integer`);
        filter[field] = given;
        break;
      case "search":
        if (!isSearch(given)) return invalid(`search must be text of at most ${LONGEST_SEARCH} characters`);
        if (asksForText(given)) filter.search = given;
        break;
      default: {
        if (!/^#[a-zA-Z]$/.test(field)) {
          return {
            ok: false,
            prefix: "unsupported",
            reason: `filter field ${JSON.stringify(field.slice(0, 40))}`,
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

/** A test of one event, prepared once so that long lists cost nothing per event. `limit` is not looked at. */
export function matcher(filter: Filter): (event: Event) => boolean {
  const ids = filter.ids && new Set(filter.ids);
  const authors = filter.authors && new Set(filter.authors);
  const kinds = filter.kinds && new Set(filter.kinds);
  const tags = filter.tags.map(({ name, values }) => ({ name, values: new Set(values) }));
  const fitsSearch = filter.search === undefined ? undefined : searchMatcher(filter.search);
  const since = filter.since ?? 0;
  const until = filter.until ?? Number.MAX_SAFE_INTEGER;
  return (event) =>
    event.created_at >= since &&
    event.created_at <= until &&
    (!ids || ids.has(event.id)) &&
    (!authors || authors.has(event.pubkey)) &&
    (!kinds || kinds.has(event.kind)) &&
    tags.every(({ name, values }) =>
      event.tags.some((tag) => tag[0] === name && isIndexable(tag) && values.has(tag[1])),
    ) &&
    (!fitsSearch || fitsSearch(event));
}

function invalid(reason: string): ParsedFilter {
  return { ok: false, prefix: "invalid", reason };
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSearch(value: unknown): value is string {
  return typeof value === "string" && Array.from(value).length <= LONGEST_SEARCH;
}

function isKind(value: unknown): value is number {
  return isCount(value) && value <= 65_535;
}

/** The values of a `#x` field, or what is wrong with them. `#e` and `#p` hold ids and keys. */
function tagValues(field: string, given: unknown): string[] | string {
  if (!isListOf(given, (item) => typeof item === "string")) return `${field} must be a list of strings`;
  if ((field === "#e" || field === "#p") && !given.every(isHex64)) {
    return `${field} must be a list of 64 lower-case hex characters`;
  }
  if (!given.every((item) => item.isWellFormed()))
    return `${field} holds a lone surrogate, which is not UTF-8`;
  return given;
}
