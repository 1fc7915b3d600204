/** Parses the body of `POST /api/v1/query` into queries for the store: filters as in a REQ, and what a page has besides. */
import { described } from "../nostr/characters.ts";
import { type Filter, parseFilter } from "../nostr/filter.ts";
import type { Refusal } from "../nostr/message.ts";
import type { Config } from "../relay/config.ts";
import { boundedLimit } from "../relay/query.ts";
import type { Query } from "../store/store.ts";
import { type PageOptions, queryOf, readPageOption } from "./event-query.ts";

type Parts = [Omit<Query, "view">, ...Omit<Query, "view">[]];
type ParsedBody = { ok: true; parts: Parts } | { ok: false; refusal: Refusal };

const FIELDS = ["filters", "limit", "keyword", "order", "cursor"];

export function parseQueryBody(
  body: unknown,
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT" | "MAX_FILTERS">,
): ParsedBody {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    return invalid('the body is not an object such as {"filters":[{"kinds":[1]}]}');
  const fields = body as Record<string, unknown>;
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    return invalid(`${described(unknown)} is not a field here, expected ${FIELDS.join(", ")}`);
  const options: PageOptions = {};
  for (const name of ["keyword", "order", "cursor"] as const) {
    const value = fields[name];
    if (value === undefined) continue;
    const reason =
      typeof value === "string" ? readPageOption(name, value, options) : `${name} is not a string`;
    if (reason !== undefined) return invalid(reason);
  }
  const parsed = parseFilters(fields["filters"], config);
  if (!parsed.ok) return parsed;
  const { filters } = parsed;
  // Pages of several filters are pages of all their events together.
  const { limit } = fields;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && (limit as number) >= 0))
    return invalid("limit is not an integer from 0");
  const inside = filters.flatMap((filter) => filter.limit ?? []);
  if (filters.length > 1 && inside.length > 0)
    return invalid("limit is in one filter of several, expected beside filters");
  const limits = [...inside, ...(limit === undefined ? [] : [limit as number])];
  const most = boundedLimit(limits.length > 0 ? Math.min(...limits) : undefined, config);
  return { ok: true, parts: filters.map((filter) => queryOf(filter, options, most)) as Parts };
}

function parseFilters(
  given: unknown,
  { MAX_FILTERS }: Pick<Config, "MAX_FILTERS">,
): { ok: true; filters: Filter[] } | { ok: false; refusal: Refusal } {
  if (!Array.isArray(given) || given.length === 0)
    return invalid("filters is not a list of at least one filter");
  if (given.length > MAX_FILTERS)
    return invalid(`${given.length} filters are too many; at most ${MAX_FILTERS} are allowed`, "error");
  const filters: Filter[] = [];
  for (const value of given as unknown[]) {
    const parsed = parseFilter(value);
    if (!parsed.ok) return invalid(parsed.reason, parsed.prefix);
    filters.push(parsed.filter);
  }
  const isRanked = filters.some(({ search }) => search !== undefined);
  return isRanked && filters.length > 1
    ? invalid("a filter with search is one of several; its answer has an order of its own: ask for it alone")
    : { ok: true, filters };
}

function invalid(reason: string, prefix: Refusal["prefix"] = "invalid"): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { prefix, reason } };
}
