/**
 * Filter → the cheapest query that is exact. What has one value and an index is walked in the order asked for, and
 * the rest is tested on the way. Lists of authors or kinds walk the newest events first, and fall back to their own
 * index when that does not find enough.
 */
import { isHex64, kindClass } from "../nostr/event.ts";
import type { TagCondition } from "../nostr/filter.ts";
import { AUTHOR_KINDS, PRIVATE_KINDS, RECIPIENT_KINDS } from "../nostr/reader.ts";
import { phrasesOf } from "../nostr/search.ts";
import type { SqlValue } from "./database.ts";
import { BY_RELEVANCE, ftsQuery, MOST_RANKED } from "./search.ts";
import type { Query } from "./store.ts";

export interface Plan {
  sql: string;
  params: SqlValue[];
}

/**
 * Bytes of content and tags that one read returns at most. Its queries share them; the first event of each passes
 * however long it is, so that whoever asks on gets on.
 */
export const READ_BYTES = 8_000_000;
/** Whoever wants more wants everything that there is: looking among the newest first would only cost. */
const LONGEST_ATTEMPT = 5000;

/** Of one tag condition. */
const FEW_VALUES = 3;

/** Of replaceable and addressable events: as many are looked at whatever else the filter says. */
const FEW_VERSIONS = 1000;

/** Columns of a `StoredEvent`. */
export const STORED_EVENT = `seq, lower(hex(id)) AS id, created_at,
  '{"id":"' || lower(hex(id)) || '","pubkey":"' || lower(hex(pubkey)) || '","created_at":' || created_at || ',"kind":' || kind
  || ',"tags":' || tags || ',"content":' || content || ',"sig":"' || lower(hex(sig)) || '"}' AS json`;

/** Bytes of content and tags, known without reading them. */
export const SIZE = "octet_length(tags) + octet_length(content) AS size";

/** What an answer is cut by: bytes up to and with this event, and which one it is. */
export function sizesInOrder(order: string): string {
  const upToHere = `OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)`;
  return `sum(size) ${upToHere} AS bytes, row_number() ${upToHere} AS nth`;
}

/**
 * Undefined when nothing can match. Rows are `StoredEvent` with `found`: how many there were before the answer was
 * cut at its share of READ_BYTES. One more than `query.limit` is looked for. `among`: how many queries share the read.
 */
export function planQuery(query: Query, among: number): Plan | undefined {
  if (matchesNothing(query)) return undefined;
  const { bind, params } = binding();
  const order = query.filter.search === undefined ? timeOrder(query) : BY_RELEVANCE;
  // Only what fits is read in full.
  const sql = `
SELECT ${STORED_EVENT}, found FROM (
  SELECT seq AS place, count(*) OVER () AS found, ${sizesInOrder(order)} FROM (${planRows(query, bind)})
) CROSS JOIN event ON seq = place
WHERE bytes <= ${bind(Math.floor(READ_BYTES / among))} OR nth = 1 ORDER BY nth`;
  return { sql, params };
}

/**
 * Undefined when nothing can match. Rows are `{ record }`: time and id in hex, 80 characters in all, for at most
 * `query.limit + 1` events. Rows joined into longer texts in SQL are read no faster, and billed again while sorted.
 */
export function planRecords(query: Query): Plan | undefined {
  if (matchesNothing(query)) return undefined;
  const { bind, params } = binding();
  const record = "printf('%016X', e.created_at) || hex(e.id) AS record";
  return { sql: planWalk({ ...query, columns: record }, bind), params };
}

/** An empty list matches nothing, and so does a search with nothing to look for. */
export function matchesNothing({
  filter: { ids, authors, kinds, tags, search },
}: Pick<Query, "filter">): boolean {
  const words = search === undefined ? undefined : phrasesOf(search);
  return [ids, authors, kinds, words, ...tags.map(({ values }) => values)].some((list) => list?.length === 0);
}

/** What is looked for, without how much of it. */
type Selection = Omit<Query, "limit">;

export type Bind = (value: SqlValue) => string;

/** What is said twice is bound once: D1 takes 100 parameters, and every letter can be a tag condition. */
function binding(): { bind: Bind; params: SqlValue[] } {
  const params: SqlValue[] = [];
  return { params, bind: (value) => `?${params.indexOf(value) + 1 || params.push(value)}` };
}

function timeOrder({ order }: Query): string {
  return order === "asc" ? "created_at ASC, id DESC" : "created_at DESC, id ASC";
}

/** The events of the answer, each with its size; those of a search with their score. */
function planRows(query: Query, bind: Bind): string {
  const { search } = query.filter;
  const columns = `e.seq, e.created_at, e.id, ${SIZE}`;
  if (search === undefined) return planWalk({ ...query, columns }, bind);
  const where = [`s.search MATCH ${bind(ftsQuery(search))}`, ...conditions(query, bind, search)];
  return `
    SELECT * FROM (
      SELECT ${columns}, s.rank AS score FROM search AS s CROSS JOIN event AS e ON e.seq = s.rowid
      WHERE ${where.join(" AND ")} ORDER BY s.rowid DESC LIMIT ${MOST_RANKED}
    )
    ORDER BY ${BY_RELEVANCE} LIMIT ${query.limit + 1}`;
}

type Walk = Query & {
  /** What is selected of each event `e`. */
  columns: string;
  /** Nothing is walked unless this holds. */
  when?: string;
};

/** Selects every event of the answer. */
function planWalk(query: Walk, bind: Bind): string {
  const { ids, authors, kinds } = query.filter;
  if (ids) return walk(query, "event AS e", conditions(query, bind));
  if (authors && kinds && hasVersions(kinds)) return planVersions(query, authors, kinds, bind);
  const tag = selectiveTag(query);
  if (tag) return planTag(query, tag, bind);
  const byTime = kinds?.length === 1 ? "event_by_kind" : "event_by_time";
  if (authors?.length === 1) return walkAuthor(query, bind);
  if (authors) return attempt(query, byTime, "event_by_author", bind);
  if (kinds && kinds.length > 1) return attempt(query, byTime, "event_by_kind", bind);
  return walk(query, `event AS e INDEXED BY ${byTime}`, conditions(query, bind));
}

/**
 * Somebody may have very many versions, and be asked for one or for the newest. Then a d finds it by its tag, any d
 * tag as NIP-01 has it; and the newest of one author are among the newest of all that is theirs.
 */
function planVersions(query: Walk, authors: string[], kinds: number[], bind: Bind): string {
  const source = "event AS e INDEXED BY event_version";
  const all = (walked: Walk) => walk(walked, source, ["e.d IS NOT NULL", ...conditions(query, bind)]);
  const d = query.filter.tags.find(({ name }) => name === "d");
  const isWalkable = authors.length === 1 && query.limit <= LONGEST_ATTEMPT;
  const isAddressable = kinds.some((kind) => kindClass(kind) === "addressable");
  if (!isAddressable || !(d || isWalkable)) return all(query);
  const theirs = [isOneOf("e.pubkey", authors.map(binary), bind), isOneKind(kinds, bind)].join(" AND ");
  const few = all({ ...query, when: "(SELECT yes FROM few)" });
  const many = { ...query, when: "NOT (SELECT yes FROM few)" };
  return `
    WITH few AS MATERIALIZED (
      SELECT count(*) <= ${FEW_VERSIONS} AS yes
      FROM (SELECT 1 FROM ${source} WHERE e.d IS NOT NULL AND ${theirs} LIMIT ${FEW_VERSIONS + 1})
    )
    SELECT * FROM (${few})
    UNION ALL SELECT * FROM (${d ? planTag(many, d, bind) : walkAuthor(many, bind)})`;
}

function walkAuthor(query: Walk, bind: Bind): string {
  return walk(query, "event AS e INDEXED BY event_by_author", conditions(query, bind));
}

/** True when the author and kind find what there is by event_version. */
export function hasVersions(kinds: number[]): boolean {
  return kinds.every((kind) => /^(replaceable|addressable)$/.test(kindClass(kind)));
}

/** The tag condition with the fewest values; none when one author is the better guess. */
export function selectiveTag({ filter }: Pick<Query, "filter">): TagCondition | undefined {
  const [first] = filter.tags.toSorted(
    (a, b) => a.values.length - b.values.length || popularity(a) - popularity(b),
  );
  return first && filter.authors?.length === 1 && popularity(first) > 0 ? undefined : first;
}

/** Words are shared by many events, ids by few. */
function popularity({ values }: TagCondition): number {
  return values.filter((value) => !isHex64(value)).length;
}

function planTag(query: Walk, tag: TagCondition, bind: Bind): string {
  const keys = tag.values.map((value) => tagKey(tag.name, value));
  if (keys.length > 1) {
    const tagged = [isOneOf("key", keys, bind), ...timeBounds(query, bind, "tag")].join(" AND ");
    const isAmong = `e.seq IN (SELECT seq FROM tag WHERE ${tagged})`;
    return walk(query, "event AS e NOT INDEXED", [isAmong, ...conditions(query, bind, tag)]);
  }
  // The tag's rows are in the order asked for, so that the walk ends as soon as there are enough.
  const from = "tag AS t CROSS JOIN event AS e ON e.seq = t.seq";
  return walk(query, from, [isOneOf("t.key", keys, bind), ...conditions(query, bind, tag, "t")], "t");
}

/** In the order asked for, one more than the limit. `timed`: whose created_at leads the walk. */
function walk(query: Walk, from: string, where: string[], timed = "e"): string {
  const order =
    query.order === "asc" ? `${timed}.created_at ASC, e.id DESC` : `${timed}.created_at DESC, e.id ASC`;
  // Among the conditions it would be tested for every row.
  const limit = query.when === undefined ? query.limit + 1 : `iif(${query.when}, ${query.limit + 1}, 0)`;
  return `SELECT ${query.columns} FROM ${from} WHERE ${["true", ...where].join(" AND ")} ORDER BY ${order} LIMIT ${limit}`;
}

/**
 * Looks among the newest events first (oldest, when those are asked for); when they do not fill the answer, goes
 * through everything that the list's own index has.
 */
function attempt(query: Walk, byTime: string, byList: string, bind: Bind): string {
  const { kinds } = query.filter;
  const all = conditions(query, bind);
  if (query.limit > LONGEST_ATTEMPT) return walk(query, `event AS e INDEXED BY ${byList}`, all);
  const isAsc = query.order === "asc";
  const bounds = ["true", ...timeConditions(query, bind, "e")];
  if (byTime === "event_by_kind") bounds.push(`e.kind = ${bind(kinds?.[0] ?? null)}`);
  const depth = 500 + 4 * query.limit;
  const edge = `SELECT e.created_at FROM event AS e INDEXED BY ${byTime} WHERE ${bounds.join(" AND ")}
    ORDER BY e.created_at ${isAsc ? "ASC" : "DESC"} LIMIT 1 OFFSET ${depth}`;
  const near = walk(query, `event AS e INDEXED BY ${byTime}`, [
    ...all,
    `e.created_at ${isAsc ? "<" : ">"} (SELECT at FROM edge)`,
  ]);
  const isNeeded = `(SELECT count(*) FROM near) <= ${query.limit} AND (SELECT at <> beyond FROM edge)`;
  const far = walk({ ...query, when: isNeeded }, `event AS e INDEXED BY ${byList}`, all);
  const beyond = isAsc ? Number.MAX_SAFE_INTEGER + 1 : -1;
  return `
    WITH edge AS MATERIALIZED (SELECT coalesce((${edge}), ${beyond}) AS at, ${beyond} AS beyond),
      near AS MATERIALIZED (${near}),
      far AS MATERIALIZED (${far})
    SELECT * FROM far
    UNION ALL SELECT * FROM near WHERE NOT EXISTS (SELECT 1 FROM far)`;
}

/** Everything that the filter says, but for `driver`, which the caller sees to. */
export function conditions(
  query: Selection,
  bind: Bind,
  driver?: TagCondition | string,
  timed = "e",
): string[] {
  const { ids, authors, kinds, tags, search } = query.filter;
  return [
    ...viewConditions(query, bind),
    ...timeConditions(query, bind, timed),
    ...(ids ? [isOneOf("e.id", ids.map(binary), bind)] : []),
    ...(authors ? [isOneOf("e.pubkey", authors.map(binary), bind)] : []),
    ...(kinds ? [isOneKind(kinds, bind)] : []),
    ...grouped(tags.filter((tag) => tag !== driver).map((tag) => hasTag(tag, bind))),
    ...(search === undefined || search === driver ? [] : [isFound(search, bind)]),
    ...(query.keyword === undefined ? [] : [containsText(query.keyword, bind)]),
  ];
}

/** D1 takes expressions of 100 levels, and a chain of ANDs has as many as links. There may be 52 tag conditions. */
function grouped(conditions: string[]): string[] {
  const groups = Map.groupBy(conditions.entries(), ([at]) => Math.floor(at / 8)).values();
  return Array.from(groups, (group) => `(${group.map(([, condition]) => condition).join(" AND ")})`);
}

/** What `mayRead` of nostr/reader.ts says of one event. */
function viewConditions({ view, filter }: Selection, bind: Bind): string[] {
  const hidden = PRIVATE_KINDS.filter((kind) => !filter.kinds || filter.kinds.includes(kind));
  const where = [`(e.expires_at IS NULL OR e.expires_at > ${view.now})`];
  if (hidden.length === 0) return where;
  const open = `e.kind NOT IN (${hidden.join(",")})`;
  if (view.keys.length === 0) return [...where, open];
  const own = isOneOf("e.pubkey", view.keys.map(binary), bind);
  const named = hasTag({ name: "p", values: [...view.keys] }, bind);
  const mine = `e.kind IN (${AUTHOR_KINDS.join(",")}) AND ${own}`;
  const forMe = `e.kind IN (${RECIPIENT_KINDS.join(",")}) AND ${named}`;
  return [...where, `(${open} OR (${mine}) OR (${forMe}))`];
}

export function timeConditions(selection: Selection, bind: Bind, timed: string): string[] {
  const { after, order } = selection;
  const bounds = timeBounds(selection, bind, timed);
  if (!after) return bounds;
  const isPast = `e.id ${order === "asc" ? "<" : ">"} unhex(${bind(after.id)})`;
  return [...bounds, `(${timed}.created_at <> ${bind(after.created_at)} OR ${isPast})`];
}

/** What bounds an index: all but which events of the same second come after the one named. */
function timeBounds({ filter, after, order }: Selection, bind: Bind, timed: string): string[] {
  const where: string[] = [];
  if (filter.since !== undefined) where.push(`${timed}.created_at >= ${bind(filter.since)}`);
  if (filter.until !== undefined) where.push(`${timed}.created_at <= ${bind(filter.until)}`);
  if (after) where.push(`${timed}.created_at ${order === "asc" ? ">=" : "<="} ${bind(after.created_at)}`);
  return where;
}

/** Tag keys and ids are blobs, written as hex, or text. */
type Key = { hex: string } | { text: string };

/** The key under which a tag is indexed: the same as in the view event_tag of migrations/. */
export function tagKey(name: string, value: string): Key {
  return isHex64(value)
    ? { hex: name.charCodeAt(0).toString(16) + value }
    : { text: name + JSON.stringify(value) };
}

export function binary(hex: string): Key {
  return { hex };
}

export function isOneKind(kinds: number[], bind: Bind): string {
  if (kinds.length === 1) return `e.kind = ${bind(kinds[0] ?? null)}`;
  return `e.kind IN (SELECT value FROM json_each(${bind(JSON.stringify(kinds))}))`;
}

export function isOneOf(column: string, keys: Key[], bind: Bind): string {
  const [only] = keys;
  if (only && keys.length === 1) {
    return "hex" in only
      ? `${column} = unhex(${bind(only.hex)})`
      : `${column} = json(${bind(JSON.stringify(only.text))}) ->> '$'`;
  }
  const list = bind(JSON.stringify(keys));
  return `${column} IN (SELECT CASE WHEN value ->> 'hex' IS NULL THEN value ->> 'text' ELSE unhex(value ->> 'hex') END FROM json_each(${list}))`;
}

/**
 * A few values are looked up, each for every event; with more of them it is the event's own tags that are looked at.
 * (Two conditions of thousands of values each took minutes on 50,000 events, and take a second.)
 */
export function hasTag({ name, values }: TagCondition, bind: Bind): string {
  const keys = values.map((value) => tagKey(name, value));
  if (keys.length > FEW_VALUES) {
    return `EXISTS (SELECT 1 FROM event_tag AS own WHERE own.seq = e.seq AND ${isOneOf("own.key", keys, bind)})`;
  }
  return `EXISTS (SELECT 1 FROM tag WHERE ${isOneOf("tag.key", keys, bind)} AND tag.created_at = e.created_at AND tag.seq = e.seq)`;
}

function isFound(search: string, bind: Bind): string {
  return `e.seq IN (SELECT rowid FROM search WHERE search MATCH ${bind(ftsQuery(search))})`;
}

/** Compared as bytes of UTF-8, so that NUL is a character like others. */
function containsText(text: string, bind: Bind): string {
  return `instr(CAST(e.content ->> '$' AS BLOB), CAST(${bind(JSON.stringify(text))} ->> '$' AS BLOB)) > 0`;
}
