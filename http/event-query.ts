/** Query parameters → what to ask the store, and the cursor between pages. */
import { isHex64 } from "../nostr/event.ts";
import { parseFilter } from "../nostr/filter.ts";
import type { Config } from "../relay/config.ts";
import { boundedLimit } from "../relay/query.ts";
import type { Query, StoredEvent } from "../store/store.ts";

export type ParsedQuery = { ok: true; query: Query } | { ok: false; reason: string };

const LISTS = ["ids", "authors", "kinds"];
const NUMBERS = ["since", "until", "limit"];
const LONGEST_KEYWORD = 256;

/** `tag.t=a&tag.t=b` and `tag.t=a,b` are the same; everything may be repeated but numbers, keyword, order and cursor. */
export function parseEventQuery(params: URLSearchParams, config: Config): ParsedQuery {
  const wire: Record<string, unknown> = {};
  const query: Omit<Query, "filter" | "limit"> = {};
  for (const name of new Set(params.keys())) {
    const given = params.getAll(name);
    const [value = ""] = given;
    if (LISTS.includes(name)) wire[name] = list(given, name === "kinds");
    else if (/^tag\.[a-zA-Z]$/.test(name)) wire[`#${name.slice(4)}`] = list(given, false);
    else if (given.length > 1)
      return { ok: false, reason: `${name} is given ${given.length} times, once is enough` };
    else if (NUMBERS.includes(name)) wire[name] = numeric(value);
    else if (name === "keyword") {
      if (value.length === 0 || value.length > LONGEST_KEYWORD || !value.isWellFormed()) {
        return {
          ok: false,
          reason: `keyword has ${value.length} characters, expected 1 to ${LONGEST_KEYWORD}`,
        };
      }
      query.keyword = value;
    } else if (name === "order") {
      if (value !== "asc" && value !== "desc")
        return { ok: false, reason: `order is ${quoted(value)}, expected asc or desc` };
      query.order = value;
    } else if (name === "cursor") {
      const after = parseCursor(value);
      if (!after)
        return { ok: false, reason: `cursor is ${quoted(value)}, expected one that an earlier answer gave` };
      query.after = after;
    } else return { ok: false, reason: `${quoted(name)} is no parameter of this query` };
  }
  const parsed = parseFilter(wire);
  if (!parsed.ok) return { ok: false, reason: parsed.reason };
  return {
    ok: true,
    query: { ...query, filter: parsed.filter, limit: boundedLimit(parsed.filter.limit, config) },
  };
}

/** Stands for a place between two events of an answer. */
export function cursorAfter({ created_at, id }: StoredEvent): string {
  return `${created_at}.${id}`;
}

function parseCursor(text: string): Query["after"] {
  const [time = "", id, ...rest] = text.split(".");
  if (!/^\d{1,16}$/.test(time) || !Number.isSafeInteger(Number(time)) || !isHex64(id) || rest.length > 0)
    return undefined;
  return { created_at: Number(time), id };
}

function list(given: string[], isNumeric: boolean): unknown[] {
  const items = given.flatMap((text) => text.split(","));
  return isNumeric ? items.map(numeric) : items;
}

/** What is no number stays text, and is refused as such by the filter's own rules. */
function numeric(text: string): unknown {
  return /^\d{1,16}$/.test(text) ? Number(text) : text;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
