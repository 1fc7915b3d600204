/** Chooses the index that answers a filter. The conditions that the index does not cover are tested for each entry. */
import { isHex64, kindClass } from "../../nostr/event.ts";
import type { Filter, TagCondition } from "../../nostr/filter.ts";
import { AUTHOR_KINDS, PRIVATE_KINDS, RECIPIENT_KINDS } from "../../nostr/visibility.ts";
import { phrasesOf } from "../../nostr/search.ts";
import {
  allOf,
  type Bind,
  binary,
  containsText,
  FEW_VALUES,
  hasTag,
  isFound,
  isNotExpired,
  isOneValue,
  isOneOf,
  isOneOfListed,
  type Key,
  keyList,
  numberedKeys,
  tagKey,
} from "./conditions.ts";
import type { Query } from "../store.ts";

/** A query without its limit. */
type Selection = Omit<Query, "limit">;

/**
 * The part of a query that covers either public events, or private events that the client wrote or received. Both are
 * apart in every index. The filter is narrowed to the part, so that other private events are never looked at.
 */
export interface Part extends Omit<Selection, "view"> {
  isPrivate: boolean;
  /** For private events: the index that contains only the client's own. */
  own?: Driver;
  /** Unix seconds. Events that have expired at this time do not match. */
  now: number;
}

/** The index that a walk follows, and the tag condition that it covers. "log": the log itself, by position. */
export type Driver =
  | { by: "id" | "search" | "version" | "author" | "kind" | "time" | "log" }
  | { by: "tag" | "address"; tag: TagCondition };

/** Splits a query into its parts. The list is empty if nothing can match. */
export function partsOf({ view, ...selection }: Selection): Part[] {
  const filter = withoutRepeats(selection.filter);
  if (matchesNothing(filter)) return [];
  const { kinds, authors, tags, search } = filter;
  const part = (narrowed: Filter, driver?: Driver): Part[] =>
    matchesNothing(narrowed)
      ? []
      : [
          {
            ...selection,
            filter: narrowed,
            isPrivate: driver !== undefined,
            ...(driver && { own: driver }),
            now: view.now,
          },
        ];
  const open = kinds && { kinds: kinds.filter((kind) => !PRIVATE_KINDS.includes(kind)) };
  const parts = part({ ...filter, ...open });
  // Private events have no searchable text, so search never finds them.
  if (view.keys.length === 0 || search !== undefined) return parts;
  const among = (list: readonly number[]) => list.filter((kind) => kinds?.includes(kind) ?? true);
  const own = authors ? view.keys.filter((key) => authors.includes(key)) : [...view.keys];
  const addressed = { name: "p", values: [...view.keys] };
  return [
    ...parts,
    ...part({ ...filter, kinds: among(AUTHOR_KINDS), authors: own }, { by: "author" }),
    ...part(
      { ...filter, kinds: among(RECIPIENT_KINDS), tags: [...tags, addressed] },
      { by: "tag", tag: addressed },
    ),
  ];
}

/** Returns a filter whose lists have each value once, so that each stretch of an index is walked once. */
function withoutRepeats(filter: Filter): Filter {
  const { ids, authors, kinds, tags } = filter;
  return {
    ...filter,
    ...(ids && { ids: [...new Set(ids)] }),
    ...(authors && { authors: [...new Set(authors)] }),
    ...(kinds && { kinds: [...new Set(kinds)] }),
    tags: tags.map(({ name, values }) => ({ name, values: [...new Set(values)] })),
  };
}

/** Returns whether a filter has an empty list, or a search without terms. Both match nothing. */
function matchesNothing({ ids, authors, kinds, tags, search }: Filter): boolean {
  const words = search === undefined ? undefined : phrasesOf(search);
  return [ids, authors, kinds, words, ...tags.map(({ values }) => values)].some((list) => list?.length === 0);
}

/**
 * Returns the indexes to use, the best first. The second is used if the first has too many matches to sort: versions are
 * not in the order of time.
 */
export function driversOf({ filter, own }: Part): [Driver, Driver?] {
  const { ids, authors, kinds, search } = filter;
  if (ids) return [{ by: "id" }];
  if (search !== undefined) return [{ by: "search" }];
  const timed = own ?? timedDriver(filter);
  const areVersions = authors && kinds && hasVersions(kinds) && authors.length * kinds.length <= MOST_PAIRS;
  if (!areVersions) return [timed];
  const tag = filter.tags.find(({ name }) => name === "d");
  if (!tag) return [{ by: "version" }, timed];
  const areAddresses = authors.length * kinds.length * tag.values.length <= MOST_ADDRESSES;
  return [areAddresses ? { by: "address", tag } : { by: "version" }, own ?? { by: "tag", tag }];
}

/** Maximum number of pairs of author and kind whose versions are looked up one by one. */
const MOST_PAIRS = 2000;
/** Maximum number of addresses, each of an author, a kind and a `d` tag, that are looked up one by one. */
const MOST_ADDRESSES = 500;

function timedDriver(filter: Filter): Driver {
  const tag = selectiveTag(filter);
  if (tag) return { by: "tag", tag };
  if (filter.authors) return { by: "author" };
  return { by: filter.kinds ? "kind" : "time" };
}

/** Returns whether the index event_version has all events of these kinds, by author and kind. */
function hasVersions(kinds: number[]): boolean {
  return kinds.every((kind) => /^(replaceable|addressable)$/.test(kindClass(kind)));
}

/** Returns the tag condition with the fewest values. Undefined if the only author is probably more selective. */
function selectiveTag({ tags, authors }: Filter): TagCondition | undefined {
  const [first] = tags.toSorted((a, b) => a.values.length - b.values.length || popularity(a) - popularity(b));
  return first && authors?.length === 1 && popularity(first) > 0 ? undefined : first;
}

/** Counts the values that are not ids: many events share a word, few share an id. */
function popularity({ values }: TagCondition): number {
  return values.filter((value) => !isHex64(value)).length;
}

/** Returns how many stretches of the index a driver covers. Each has one author, kind or tag value, and its own order. */
export function stretchesOf({ filter }: Part, driver: Driver): number {
  if (driver.by === "tag") return driver.tag.values.length;
  if (driver.by === "author") return filter.authors?.length ?? 0;
  if (driver.by === "kind") return filter.kinds?.length ?? 0;
  return 1;
}

/**
 * Returns SQL for the list of a driver's stretches, or a part of it: rows of `stretch`, which is its position, and `key`. Time has
 * a single one.
 */
export function stretchList(
  { filter }: Part,
  driver: Driver,
  bind: Bind,
  { from, to }: { from: number; to?: number } = { from: 0 },
): string {
  if (driver.by === "time") return `SELECT NULL AS key, 0 AS stretch WHERE ${from === 0}`;
  const position = `, json_each.key + ${bind(from)} AS stretch`;
  if (driver.by === "kind") {
    const kinds = filter.kinds?.slice(from, to) ?? [];
    return `SELECT value AS key${position} FROM json_each(${bind(JSON.stringify(kinds))})`;
  }
  return numberedKeys(keysOf(filter, driver).slice(from, to), bind, position);
}

/** Returns SQL for the list of all stretches of a driver, in order: rows of `key`. */
export function stretchKeys(part: Part, driver: Driver, bind: Bind): string {
  if (driver.by === "time" || driver.by === "kind")
    return `SELECT key FROM (${stretchList(part, driver, bind)})`;
  return keyList(keysOf(part.filter, driver), bind);
}

function keysOf({ authors = [] }: Filter, driver: Driver): Key[] {
  if (driver.by !== "tag") return authors.map(binary);
  return driver.tag.values.map((value) => tagKey(driver.tag.name, value));
}

/**
 * Returns where the entries of a driver are: rows of a table with seq and created_at, and with kind if the driver is a tag.
 * With `key`, an SQL expression, only those of one stretch.
 */
export function indexOf(
  { filter, isPrivate }: Part,
  driver: Driver,
  { alias, key }: { alias: string; key?: string | undefined },
  bind: Bind,
): { from: string; where: string[] } {
  const apart = `${alias}.private = ${Number(isPrivate)}`;
  const hasKey = (column: string) =>
    key === undefined
      ? isOneOf(`${alias}.${column}`, keysOf(filter, driver), bind)
      : `${alias}.${column} = ${key}`;
  switch (driver.by) {
    case "tag":
      return { from: `tag AS ${alias}`, where: [apart, hasKey("key")] };
    case "author":
      return { from: `event AS ${alias} INDEXED BY event_by_author`, where: [apart, hasKey("pubkey")] };
    case "kind": {
      const isKind =
        key === undefined ? isOneValue(`${alias}.kind`, filter.kinds ?? [], bind) : `${alias}.kind = ${key}`;
      return { from: `event AS ${alias} INDEXED BY event_by_kind`, where: [isKind] };
    }
    default:
      return { from: `event AS ${alias} INDEXED BY event_by_time`, where: [apart] };
  }
}

/**
 * Returns the conditions that an event `e` must still satisfy after the driver found it. `entry` is the driver's own row:
 * conditions on it are tested before the event is read.
 */
export function restOf(part: Part, driver: Driver, bind: Bind, entry = "e"): string {
  const { filter, isPrivate, now, keyword, after, order } = part;
  const { ids, authors, kinds, tags, search } = filter;
  const { by } = driver;
  const isByTag = by === "tag";
  const isVersion = by === "version" || by === "address";
  const others = tags.filter((tag) => !covers(driver, tag));
  const few = others.filter(({ values }) => values.length <= FEW_VALUES);
  const many = others.filter(({ values }) => values.length > FEW_VALUES);
  const isApart = by !== "id" && by !== "search" && by !== "log";
  return allOf([
    ...(kinds && by !== "kind" && !isVersion
      ? [isOneValue(isByTag ? `${entry}.kind` : "e.kind", kinds, bind)]
      : []),
    ...few.map((tag) => hasTag(tag, isPrivate, bind, entry)),
    ...(isApart ? [] : [isOfPart(isPrivate)]),
    isNotExpired(now, bind),
    ...(authors && by !== "author" && !isVersion
      ? [isOneOfListed("e.pubkey", authors.map(binary), bind)]
      : []),
    ...(ids && by !== "id" ? [isOneOfListed("e.id", ids.map(binary), bind)] : []),
    ...many.map((tag) => hasTag(tag, isPrivate, bind)),
    ...(search !== undefined && by !== "search" ? [isFound(search, bind)] : []),
    ...(keyword === undefined ? [] : [containsText(keyword, bind)]),
    ...(after ? [isPast(after, order, bind)] : []),
  ]);
}

/**
 * SQL condition: event `e` is private, or public. The column `private` says the same, but for its list of kinds D1 counts one more
 * row. The plus stops SQLite from using an index.
 */
function isOfPart(isPrivate: boolean): string {
  return isPrivate
    ? `(${PRIVATE_KINDS.map((kind) => `+e.kind = ${kind}`).join(" OR ")})`
    : PRIVATE_KINDS.map((kind) => `+e.kind <> ${kind}`).join(" AND ");
}

/** SQL condition: within the second of `after`, only later events match. The walk itself leaves out other seconds. */
function isPast({ created_at, id }: NonNullable<Query["after"]>, order: Query["order"], bind: Bind): string {
  return `(e.created_at <> ${bind(created_at)} OR e.id ${order === "asc" ? "<" : ">"} unhex(${bind(id)}))`;
}

/**
 * Returns the cost of testing one tag condition, in index entries: a look-up per value, or one comparison with the
 * event's tags.
 */
function costOfTag(values: number): number {
  return values > FEW_VALUES ? Math.max(20, Math.ceil(values / 50)) : values;
}

function covers(driver: Driver, tag: TagCondition): boolean {
  return "tag" in driver && driver.tag === tag;
}

/** Returns about how many index entries it costs to test one entry of a driver. */
export function costOfTesting({ filter, keyword }: Part, driver: Driver): number {
  const tags = filter.tags.filter((tag) => !covers(driver, tag));
  const lookups = tags.reduce((sum, { values }) => sum + costOfTag(values.length), 0);
  const isSearched = filter.search !== undefined && driver.by !== "search";
  return 1 + lookups + (keyword === undefined ? 0 : 10) + (isSearched ? 50 : 0);
}

/** Returns the time bounds of a part: those of its filter, narrowed by its cursor. */
export function boundedByCursor({ filter, after, order }: Part): { since?: number; until?: number } {
  const { since, until } = filter;
  const bounds = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
  if (!after) return bounds;
  return order === "asc"
    ? { ...bounds, since: Math.max(since ?? 0, after.created_at) }
    : { ...bounds, until: Math.min(until ?? Infinity, after.created_at) };
}
