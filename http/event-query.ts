/** Parses query parameters into a query for the store, and the cursor of a page. */
import { described } from "../nostr/characters.ts";
import { isHex64 } from "../nostr/event.ts";
import { type Filter, parseFilter } from "../nostr/filter.ts";
import type { Config } from "../relay/config.ts";
import { boundedLimit } from "../relay/query.ts";
import type { Query, StoredEvent } from "../store/store.ts";
import { splitCommaList } from "./comma-list.ts";
import { plainValue, wrongValue } from "./nip19-value.ts";

type ParsedQuery = { ok: true; query: Omit<Query, "view"> } | { ok: false; reason: string };

/** In characters. */
export const LONGEST_KEYWORD = 256;

/**
 * Parses query parameters. Lists may be repeated: `tag.t=a&tag.t=b` is `tag.t=a,b`. Other parameters may be given
 * once.
 */
export function parseEventQuery(
  params: URLSearchParams,
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT">,
): ParsedQuery {
  const wire: Record<string, unknown> = {};
  const rest: PageOptions = {};
  for (const name of new Set(params.keys())) {
    const given = params.getAll(name);
    const list = listField(name, given);
    if (list) {
      const reason = wrongValue(name, list.values);
      if (reason !== undefined) return invalid(reason);
      wire[list.field] = name === "kinds" ? list.values.map(numeric) : list.values;
      continue;
    }
    const [value = ""] = given;
    if (given.length > 1) return invalid(`${described(name)} is given ${given.length} times, expected once`);
    const reason = readSingle(name, value, wire, rest);
    if (reason !== undefined) return invalid(reason);
  }
  const parsed = parseFilter(wire);
  if (!parsed.ok) return invalid(parsed.reason);
  return { ok: true, query: queryOf(parsed.filter, rest, boundedLimit(parsed.filter.limit, config)) };
}

/** What a page has besides its filter and its limit. */
export type PageOptions = Pick<Query, "keyword" | "order" | "after">;

export function queryOf(filter: Filter, options: PageOptions, limit: number): Omit<Query, "view"> {
  if (filter.search === undefined) return { ...options, filter, limit };
  // A search has one page, best match first, so it has no cursor.
  const { order: _, after, ...rest } = options;
  return { ...rest, filter: after ? { ...filter, ids: [] } : filter, limit };
}

/** Returns a cursor for the position after an event. */
export function cursorAfter({ created_at, id }: Pick<StoredEvent, "created_at" | "id">): string {
  return `${created_at}.${id}`;
}

function parseCursor(text: string): Query["after"] {
  const [, time, id] = /^(\d{1,16})\.([0-9a-f]{64})$/.exec(text) ?? [];
  return isHex64(id) && Number.isSafeInteger(Number(time)) ? { created_at: Number(time), id } : undefined;
}

/** Returns a list parameter under its name in a filter. */
function listField(name: string, given: string[]): { field: string; values: string[] } | undefined {
  const values = given.flatMap(splitCommaList).map((value) => plainValue(name, value));
  if (name === "ids" || name === "authors" || name === "kinds") return { field: name, values };
  return /^tag\.[a-zA-Z]$/.test(name) ? { field: `#${name.slice(4)}`, values } : undefined;
}

/** Sets one value, or returns what is wrong with it. */
function readSingle(
  name: string,
  value: string,
  wire: Record<string, unknown>,
  rest: PageOptions,
): string | undefined {
  switch (name) {
    case "since":
    case "until":
    case "limit":
      wire[name] = numeric(value);
      return undefined;
    case "search":
      wire[name] = value;
      return undefined;
    case "keyword":
    case "order":
    case "cursor":
      return readPageOption(name, value, rest);
    default:
      return `${described(name)} is not a parameter here, expected ids, authors, kinds, tag. and a letter, since, until, limit, search, keyword, order or cursor`;
  }
}

/** Sets one option, or returns what is wrong with it. */
export function readPageOption(
  name: "keyword" | "order" | "cursor",
  value: string,
  rest: PageOptions,
): string | undefined {
  switch (name) {
    case "keyword": {
      const length = Array.from(value).length;
      if (length === 0 || length > LONGEST_KEYWORD)
        return `keyword has ${length} characters, expected 1 to ${LONGEST_KEYWORD}`;
      rest.keyword = value;
      return undefined;
    }
    case "order":
      if (value !== "asc" && value !== "desc") return `order is ${described(value)}, expected asc or desc`;
      rest.order = value;
      return undefined;
    case "cursor": {
      const after = parseCursor(value);
      if (!after) return `cursor is ${described(value)}, expected a cursor from an earlier answer`;
      rest.after = after;
      return undefined;
    }
  }
}

/** Parses a number. Other text stays text, and the filter's parser refuses it. */
function numeric(text: string): unknown {
  return /^\d{1,20}$/.test(text) ? Number(text) : text;
}

function invalid(reason: string): ParsedQuery {
  return { ok: false, reason };
}
