/** SQL conditions that reading, counting and reconciling share: index keys, and the conditions of a filter. */
import { isHex64 } from "../../nostr/event.ts";
import type { Filter, TagCondition } from "../../nostr/filter.ts";
import type { Database, SqlValue, Statement } from "../database/database.ts";
import { ftsQuery } from "./search.ts";

/** Binds a value and returns its placeholder. */
export type Bind = (value: SqlValue) => string;

/** Collects bound values. A value that is bound twice uses one parameter: D1 accepts at most 100. */
export function binding(): { bind: Bind; params: SqlValue[] } {
  const params: SqlValue[] = [];
  return { params, bind: (value) => `?${params.indexOf(value) + 1 || params.push(value)}` };
}

/** Prepares a statement. `write` returns its SQL, and gets a function that binds a value and returns its placeholder. */
export function prepare(db: Database, write: (bind: Bind) => string): Statement {
  const { bind, params } = binding();
  return db.prepare(write(bind)).bind(...params);
}

/**
 * SQL: at most so many rows. For a bound value alone SQLite compiles the statement anew each time that it runs, because the value may
 * lead to another plan. Not for a sum.
 */
export function limitedTo(count: number, bind: Bind): string {
  return `LIMIT ${bind(count)} + 0`;
}

/** An index key: a blob, written as hex, or text. */
export type Key = { hex: string } | { text: string };

/** Returns the key under which a tag is indexed, as in the view event_tag of migrations/. */
export function tagKey(name: string, value: string): Key {
  return isHex64(value)
    ? { hex: name.charCodeAt(0).toString(16) + value }
    : { text: name + JSON.stringify(value) };
}

export function binary(hex: string): Key {
  return { hex };
}

/** So many kinds or texts are bound one by one. */
const FEW_BOUND = 6;

/** With the plus, no version of SQLite compiles the statement anew for each value of a column that others are generated from. */
export function isOneValue(column: string, values: (number | string)[], bind: Bind): string {
  const bound = values.length <= FEW_BOUND ? values.map((value) => `+${bind(value)}`) : [];
  if (values.length === 1) return `${column} = ${bound.join()}`;
  if (bound.length > 0) return `${column} IN (${bound.join(", ")})`;
  return `${column} IN (SELECT value FROM json_each(${bind(JSON.stringify(values))}))`;
}

export function isOneOf(column: string, keys: Key[], bind: Bind): string {
  const [only] = keys;
  if (only && keys.length === 1) {
    return "hex" in only
      ? `${column} = unhex(${bind(only.hex)})`
      : `${column} = json(${bind(JSON.stringify(only.text))}) ->> '$'`;
  }
  return `${column} IN (${numberedKeys(keys, bind)})`;
}

/** Does the same as `isOneOf` as a test of each entry. Its list costs no rows, unless many keys end with the same byte. */
export function isOneOfListed(column: string, keys: Key[], bind: Bind): string {
  const terms = keys.length === 1 ? undefined : termsOf(keys, bind);
  if (terms) return `${column} IN (${terms.join(", ")})`;
  const groups = keys.length > MOST_TERMS ? groupsOf(keys) : undefined;
  if (!groups) return isOneOf(column, keys, bind);
  const last = `hex(substr(${column}, -1))`;
  const path = `'$.' || substr(${last}, 1, 1) || '.' || substr(${last}, 2)`;
  return `instr(${bind(JSON.stringify(groups))} ->> (${path}), hex(${column})) > 0`;
}

/** Maximum number of keys of a group. All of a group are compared with each entry. */
const MOST_IN_GROUP = 16;

/** Returns the keys as text, by their last two hex digits. Undefined if they are texts, or too many in one group. */
function groupsOf(keys: Key[]): Record<string, Record<string, string>> | undefined {
  const groups: Record<string, Record<string, string>> = {};
  for (const key of keys) {
    if (!("hex" in key)) return undefined;
    const hex = key.hex.toUpperCase();
    const group = (groups[hex.at(-2) ?? ""] ??= {});
    const digit = hex.at(-1) ?? "";
    group[digit] = `${group[digit] ?? ""}${hex},`;
    if (group[digit].length > MOST_IN_GROUP * (hex.length + 1)) return undefined;
  }
  return groups;
}

/** Maximum number of keys that are written into the SQL one by one. To compile each takes 3 µs. */
const MOST_TERMS = 64;

/** Returns SQL for rows of a column `key`, in order. Up to 64 keys cost no rows, but up to 3 KB of SQL. */
export function keyList(keys: Key[], bind: Bind): string {
  const terms = termsOf(keys, bind);
  if (!terms) return numberedKeys(keys, bind);
  return `SELECT column1 AS key FROM (VALUES ${terms.map((term) => `(${term})`).join(", ")}) ${limitedTo(keys.length, bind)}`;
}

/**
 * Returns an SQL expression for each key, and then more for the last one again. D1 counts a row for each value of `json_each`, and none
 * for these. Undefined if the keys are too many, or not all of the same number of bytes.
 */
function termsOf(keys: Key[], bind: Bind): string[] | undefined {
  const hexes = keys.flatMap((key) => ("hex" in key ? key.hex : []));
  const last = hexes.at(-1);
  if (last === undefined || hexes.length < keys.length || keys.length > MOST_TERMS) return undefined;
  if (hexes.some(({ length }) => length !== last.length)) return undefined;
  // A power of two, so that few texts of SQL are different.
  const count = 2 ** Math.ceil(Math.log2(keys.length));
  // As a blob, because SQLite counts the characters of a text from its beginning.
  const all = `CAST(${bind(hexes.join("") + last.repeat(count - keys.length))} AS BLOB)`;
  return Array.from(
    { length: count },
    (_, at) => `unhex(substr(${all}, ${1 + at * last.length}, ${last.length}))`,
  );
}

/** Returns SQL for rows of a column `key`, in order, and of more columns of `json_each`. */
export function numberedKeys(keys: Key[], bind: Bind, more = ""): string {
  // If a list has both blobs and texts, the first letter tells them apart.
  const areBlobs = keys.every((key) => "hex" in key);
  const list = keys.map((key) => ("hex" in key ? `${areBlobs ? "" : "x"}${key.hex}` : `t${key.text}`));
  const element = areBlobs ? "unhex(value)" : "iif(value >= 'x', unhex(substr(value, 2)), substr(value, 2))";
  return `SELECT ${element} AS key${more} FROM json_each(${bind(JSON.stringify(list))})`;
}

/**
 * Returns conditions on the time. `timed` is the table whose created_at the walk follows. Both bounds are inclusive.
 */
export function timeBounds(
  { since, until }: Pick<Filter, "since" | "until">,
  bind: Bind,
  timed: string,
): string[] {
  const where: string[] = [];
  if (since !== undefined) where.push(`${timed}.created_at >= ${bind(since)}`);
  if (until !== undefined) where.push(`${timed}.created_at <= ${bind(until)}`);
  return where;
}

/** SQL condition: event `e` has not expired (NIP-40). `now` is in Unix seconds. */
export function isNotExpired(now: number, bind: Bind): string {
  return `(e.expires_at IS NULL OR e.expires_at > ${bind(now)})`;
}

/** Maximum number of values of one tag condition that are looked up in the index for each event. */
export const FEW_VALUES = 3;

/**
 * An event's own tags are compared with a list of values if they have at most this many bytes. With a longer list more
 * bytes are worth it: looking up one value takes about as long as reading ten bytes of tags.
 */
const FEW_TAGS_BYTES = 4000;
const TAGS_BYTES_FOR_VALUE = 10;

/**
 * SQL condition: event `e` has this tag. A few values are looked up in the index. For more values the event's own tags
 * are read, unless they are long too. So the cost is never the product of a long list and long tags.
 * `place` is the table with the event's created_at and seq.
 */
export function hasTag({ name, values }: TagCondition, isPrivate: boolean, bind: Bind, place = "e"): string {
  const keys = values.map((value) => tagKey(name, value));
  // The plus stops SQLite from turning this into a join: planning a join of 52 tables takes 100 ms.
  const inIndex = `+EXISTS (SELECT 1 FROM tag WHERE tag.private = ${Number(isPrivate)} AND ${isOneOf("tag.key", keys, bind)}
    AND tag.created_at = ${place}.created_at AND tag.seq = ${place}.seq)`;
  if (keys.length <= FEW_VALUES) return inIndex;
  const inEvent = `EXISTS (SELECT 1 FROM event_tag AS own WHERE own.seq = e.seq AND ${isOneOf("own.key", keys, bind)})`;
  const fewBytes = Math.max(FEW_TAGS_BYTES, TAGS_BYTES_FOR_VALUE * keys.length);
  return `CASE WHEN octet_length(e.tags) > ${bind(fewBytes)} THEN ${inIndex} ELSE ${inEvent} END`;
}

/** SQL condition: the search finds event `e`. */
export function isFound(search: string, bind: Bind): string {
  return `EXISTS (SELECT 1 FROM search WHERE search MATCH ${bind(ftsQuery(search))} AND search.rowid = e.seq)`;
}

/**
 * SQL condition: the content of event `e` contains this text. Compares UTF-8 bytes, because text functions of SQLite may stop at NUL.
 */
export function containsText(text: string, bind: Bind): string {
  return `instr(CAST(e.content ->> '$' AS BLOB), CAST(${bind(JSON.stringify(text))} ->> '$' AS BLOB)) > 0`;
}

/** Joins conditions with AND, in groups. D1 allows expressions of 100 levels, and each AND in a chain adds one. */
export function allOf(conditions: string[]): string {
  const groups = Map.groupBy(conditions.entries(), ([at]) => Math.floor(at / 8)).values();
  const grouped = Array.from(groups, (group) => `(${group.map(([, condition]) => condition).join(" AND ")})`);
  return ["true", ...grouped].join(" AND ");
}
