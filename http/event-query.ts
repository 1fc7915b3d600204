/** Parses query parameters into a query for the store, and the cursor of a page. */
import { described } from "../nostr/characters.ts";
import { isHex64 } from "../nostr/event.ts";
import { type Filter, parseFilter } from "../nostr/filter.ts";
import { filterField, repeated } from "../nostr/filter-parameters.ts";
import type { Config } from "../relay/config.ts";
import { boundedLimit } from "../relay/query.ts";
import type { Query, StoredEvent } from "../store/store.ts";

type ParsedQuery = { ok: true; query: Omit<Query, "view"> } | { ok: false; reason: string };

/** In characters. */
export const LONGEST_KEYWORD = 256;

export function parseEventQuery(
  params: URLSearchParams,
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT">,
): ParsedQuery {
  const wire: Record<string, unknown> = {};
  const rest: PageOptions = {};
  for (const name of new Set(params.keys())) {
    const given = params.getAll(name);
    const read = filterField(name, given);
    if (read?.ok) wire[read.field] = read.value;
    if (read && !read.ok) return invalid(read.reason);
    const reason = read ? undefined : (repeated(name, given) ?? readPageOption(name, given[0] ?? "", rest));
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

/** Sets one option, or returns what is wrong with it. */
export function readPageOption(name: string, value: string, rest: PageOptions): string | undefined {
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
    default:
      return `${described(name)} is not a parameter here, expected ids, authors, kinds, tag. and a letter, since, until, limit, search, keyword, order or cursor`;
  }
}

function invalid(reason: string): ParsedQuery {
  return { ok: false, reason };
}
