/** Query parameters → what to ask the store, and the cursor between pages. */
import { isHex64 } from "../nostr/event.ts";
import { parseFilter } from "../nostr/filter.ts";
import type { Config } from "../relay/config.ts";
import { boundedLimit } from "../relay/query.ts";
import type { Query, StoredEvent } from "../store/store.ts";
import { splitCommaList } from "./comma-list.ts";

export type ParsedQuery = { ok: true; query: Omit<Query, "view"> } | { ok: false; reason: string };

const LONGEST_KEYWORD = 256;

/** Lists may be repeated: `tag.t=a&tag.t=b` is `tag.t=a,b`. What is one value may be given once. */
export function parseEventQuery(
  params: URLSearchParams,
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT">,
): ParsedQuery {
  const wire: Record<string, unknown> = {};
  const rest: Pick<Query, "keyword" | "order" | "after"> = {};
  for (const name of new Set(params.keys())) {
    const given = params.getAll(name);
    const list = listField(name, given);
    if (list) {
      wire[list.field] = list.values;
      continue;
    }
    const [value = ""] = given;
    if (given.length > 1) return invalid(`${quoted(name)} is given ${given.length} times, expected one`);
    const reason = readSingle(name, value, wire, rest);
    if (reason !== undefined) return invalid(reason);
  }
  const parsed = parseFilter(wire);
  if (!parsed.ok) return invalid(parsed.reason);
  if (wire["search"] !== undefined && (rest.order || rest.after))
    return invalid("search is answered in one page, best match first: it takes neither order nor cursor");
  return {
    ok: true,
    query: { ...rest, filter: parsed.filter, limit: boundedLimit(parsed.filter.limit, config) },
  };
}

/** Stands for a place between two events of an answer. */
export function cursorAfter({ created_at, id }: Pick<StoredEvent, "created_at" | "id">): string {
  return `${created_at}.${id}`;
}

function parseCursor(text: string): Query["after"] {
  const [, time, id] = /^(\d{1,16})\.([0-9a-f]{64})$/.exec(text) ?? [];
  return isHex64(id) && Number.isSafeInteger(Number(time)) ? { created_at: Number(time), id } : undefined;
}

/** A parameter that holds a list, under the name that it has in a filter. */
function listField(name: string, given: string[]): { field: string; values: unknown[] } | undefined {
  const values = given.flatMap(splitCommaList);
  if (name === "kinds") return { field: name, values: values.map(numeric) };
  if (name === "ids" || name === "authors") return { field: name, values };
  return /^tag\.[a-zA-Z]$/.test(name) ? { field: `#${name.slice(4)}`, values } : undefined;
}

/** Fills in one value, or says what is wrong with it. */
function readSingle(
  name: string,
  value: string,
  wire: Record<string, unknown>,
  rest: Pick<Query, "keyword" | "order" | "after">,
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
    case "keyword": {
      const length = Array.from(value).length;
      if (length === 0 || length > LONGEST_KEYWORD)
        return `keyword has ${length} characters, expected 1 to ${LONGEST_KEYWORD}`;
      rest.keyword = value;
      return undefined;
    }
    case "order":
      if (value !== "asc" && value !== "desc") return `order is ${quoted(value)}, expected asc or desc`;
      rest.order = value;
      return undefined;
    case "cursor": {
      const after = parseCursor(value);
      if (!after) return `cursor is ${quoted(value)}, expected one that an earlier answer gave`;
      rest.after = after;
      return undefined;
    }
    default:
      return `${quoted(name)} is no parameter here, expected ids, authors, kinds, tag. and a letter, since, until, limit, search, keyword, order or cursor`;
  }
}

/** What is no number stays text, and is refused as such by the filter's own rules. */
function numeric(text: string): unknown {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}

function invalid(reason: string): ParsedQuery {
  return { ok: false, reason };
}

/** A client's own words, short enough to repeat to it. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
