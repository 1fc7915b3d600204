/**
 * SQL for the entries of an index in the order of time, one after the other, as far as they are wanted. A list of authors,
 * kinds or values of a tag covers several stretches of the index. Each has its own order, so they are merged.
 */
import { allOf, type Bind, isOneValue, limitedTo, timeBounds } from "./conditions.ts";
import {
  boundedByCursor,
  type Driver,
  indexOf,
  type Part,
  restOf,
  stretchesOf,
  stretchKeys,
  stretchList,
} from "./plan.ts";
import { columns, END, found, NO_JSON, type Returned, type Room } from "./walk.ts";

/** A place in the order. The events of one second are in the order of the log. */
export interface Place {
  created_at: number;
  seq: number;
}

/** A place in the order of a list: the entries of its first stretch, then those of the second. */
export interface ListPlace extends Place {
  /** Which stretch, counted from 0. */
  stretch: number;
}

/** Which entries are asked for. */
export interface Asked {
  part: Part;
  driver: Driver;
  /** Only entries after this one. */
  after: Place | undefined;
  /** Only entries of the same second as `after`. */
  isOneSecond?: boolean;
  /** Maximum number of entries. */
  most: number;
}

/** Which entries of a list are asked for. */
export interface ListAsked extends Omit<Asked, "after" | "isOneSecond"> {
  /** Only entries after this one. */
  after: ListPlace | undefined;
}

/** A place in SQL. */
type SqlPlace = Record<keyof Place, string>;

/** SQL: the columns of an entry `w`. */
const ENTRY = "w.seq, w.created_at, w.kind";

/** SQL: an entry `w` as text that sorts as its place does. */
const TEXT = "printf('%016d%016d', w.created_at, w.seq)";
const TEXT_WITH_KIND = "printf('%016d%016d%d', w.created_at, w.seq, w.kind)";
/** SQL: the parts of such a text. They are plain numbers (+ 0): with a type of their own SQLite would not seek by them. */
const OF_TEXT: SqlPlace = { created_at: "(substr(place, 1, 16) + 0)", seq: "(substr(place, 17, 16) + 0)" };
const KIND_OF_TEXT = "(substr(place, 33) + 0)";

/**
 * Maximum number of entries of other kinds that are skipped at once. It is bounded, because a step must end even if there are
 * very many.
 */
const SKIPPED = 5;

/** Texts that sort after all places, in each order: `all` is the end of all stretches, `one` the end of a single one. */
const ENDS = { desc: { all: "'0'", one: "''" }, asc: { all: "'}'", one: "'~'" } };

/** Returns SQL for the entries as rows of seq and created_at, in order. For a tag they have the kind too. */
export function entries(asked: Asked, bind: Bind): string {
  const { part, driver } = asked;
  if (stretchesOf(part, driver) === 1)
    return inOrder({ ...asked, at: bound(asked.after, bind) }, { alias: "w", columns: ENTRY }, bind);
  return `${merged(asked, bind)} WHERE ${OF_TEXT.seq} > 0`;
}

/**
 * Returns SQL for the entries as rows of seq, created_at and `found` (see `Row`), in order. `found` is null if an entry does
 * not match. If there are fewer than `most`, the last row is the end.
 */
export function testedEntries(
  asked: Asked,
  { longest, head }: Pick<Returned, "longest"> & Pick<Room, "head">,
  bind: Bind,
): string {
  const { part, driver } = asked;
  const event = found(longest, bind);
  const lookedUp = () =>
    `(SELECT ${event} FROM event AS e WHERE e.seq = w.seq AND ${matching(asked, head, "w", bind)})`;
  if (stretchesOf(part, driver) > 1) {
    return `SELECT w.seq, w.created_at, iif(w.seq = 0, '', ${lookedUp()}) AS found FROM (${merged(asked, bind)}) AS w ${limitedTo(asked.most, bind)}`;
  }
  const tested =
    driver.by === "tag"
      ? `SELECT w.seq, w.created_at, ${lookedUp()} AS found FROM (${entries(asked, bind)}) AS w`
      : // An entry of these indexes leads to its event without another look-up.
        inOrder(
          { ...asked, at: bound(asked.after, bind) },
          {
            alias: "e",
            columns: `e.seq, e.created_at, iif(${matching(asked, head, "e", bind)}, ${event}, NULL) AS found`,
          },
          bind,
        );
  return `SELECT * FROM (${tested}) UNION ALL ${END} ${limitedTo(asked.most, bind)}`;
}

/** Which entries of several stretches are asked for. */
export interface UnsortedAsked extends Pick<Asked, "part" | "driver" | "most"> {
  /** Unix seconds, inclusive. */
  since: number;
}

/**
 * Returns SQL for the matches of all stretches from a second on, as rows of seq, created_at and `found`, in no order. If there are
 * fewer entries than `most`, the last row is the end.
 */
export function unsortedMatches(
  { part, driver, since, most }: UnsortedAsked,
  { longest, head }: Pick<Returned, "longest"> & Pick<Room, "head">,
  bind: Bind,
): string {
  const isTag = driver.by === "tag";
  const alias = isTag ? "w" : "e";
  const event = found(longest, bind);
  const tested = matching({ part, driver }, head, alias, bind);
  const match = isTag
    ? `(SELECT ${event} FROM event AS e WHERE e.seq = w.seq AND ${tested})`
    : `iif(${tested}, ${event}, NULL)`;
  const { from, where } = indexOf(part, driver, { alias, key: "list.key" }, bind);
  const times = timeBounds({ ...boundedByCursor(part), since }, bind, alias);
  return `SELECT * FROM (
  SELECT * FROM (SELECT ${alias}.seq, ${alias}.created_at, ${match} AS found
    FROM (${stretchKeys(part, driver, bind)}) AS list CROSS JOIN ${from}
    WHERE ${allOf([...where, ...times])})
  UNION ALL ${END} ${limitedTo(most, bind)}
) WHERE found IS NOT NULL`;
}

/**
 * Returns SQL for the entries as rows of stretch, seq, created_at and `found`, one stretch after the other. It is cheaper than to
 * merge them, if all are wanted. `found` is an SQL expression for a match `e`, and null if an entry does not match.
 */
export function listedEntries(
  { part, driver, after, most }: ListAsked,
  match: string,
  head: number | undefined,
  bind: Bind,
): string {
  const isTag = driver.by === "tag";
  const alias = isTag ? "w" : "e";
  const tested = matching({ part, driver }, head, alias, bind);
  const { from, where } = indexOf(part, driver, { alias, key: "list.key" }, bind);
  const last = isTag ? "w.kind" : `iif(${tested}, ${match}, NULL) AS found`;
  const run = (list: { from: number; to?: number }, bounds: string[]) =>
    `SELECT * FROM (SELECT list.stretch, ${alias}.seq, ${alias}.created_at, ${last}
      FROM (${stretchList(part, driver, bind, list)}) AS list CROSS JOIN ${from}
      WHERE ${[...where, ...bounds].join(" AND ")} ${limitedTo(most, bind)})`;
  const whole = timeBounds(boundedByCursor(part), bind, alias);
  const runs = [run({ from: after ? after.stretch + 1 : 0 }, whole)];
  if (after) {
    // SQLite follows the list, and the index from the lowest time and position on, as nothing else is asked for.
    const begun = boundsAfter({ part: { ...part, order: "asc" }, at: bound(after, bind) }, alias, bind);
    const stretch = { from: after.stretch, to: after.stretch + 1 };
    runs.unshift(...begun.map((bounds) => run(stretch, bounds)));
  }
  const listed = `${runs.join(" UNION ALL ")} ${limitedTo(most, bind)}`;
  // The test is in the SQL once: with a condition for every letter it has 24 KB, and D1 accepts 100 KB.
  return isTag
    ? `SELECT stretch, seq, created_at, (SELECT ${match} FROM event AS e WHERE e.seq = w.seq AND ${tested}) AS found FROM (${listed}) AS w`
    : listed;
}

/**
 * Returns SQL for the first matches of a second, as rows in no order, each once. The events of a second are in the order of
 * their ids, but an index has them in the order of arrival. They may be many, so they come without their JSON.
 */
export function firstOfSecond(asked: Asked, head: number | undefined, most: number, bind: Bind): string {
  return `
SELECT ${columns(NO_JSON, bind)} FROM (
  SELECT DISTINCT e.id, e.seq FROM (${entries(asked, bind)}) AS w CROSS JOIN event AS e ON e.seq = w.seq
  WHERE ${matching(asked, head, "w", bind)} ORDER BY e.id ${asked.part.order === "asc" ? "DESC" : "ASC"} ${limitedTo(most, bind)}
) AS first CROSS JOIN event AS e ON e.seq = first.seq`;
}

/** Returns the conditions that an entry and its event `e` must satisfy. What was stored after the first step is no match. */
function matching(
  { part, driver }: Pick<Asked, "part" | "driver">,
  head: number | undefined,
  entry: "w" | "e",
  bind: Bind,
): string {
  const isInLog = head === undefined ? [] : [`${entry}.seq <= ${bind(head)}`];
  return allOf([...isInLog, restOf(part, driver, bind, entry)]);
}

/**
 * Returns SQL for the entries of a single stretch, with these columns. `alias` is the name of the index's table in them. With
 * `key`, it is one of several stretches.
 */
function inOrder(
  asked: Omit<Asked, "after"> & { at: SqlPlace | undefined },
  { alias, columns, key }: { alias: string; columns: string; key?: string | undefined },
  bind: Bind,
): string {
  const { part, driver, most } = asked;
  const { from, where } = indexOf(part, driver, { alias, key }, bind);
  const order = `${alias}.created_at ${directionOf(part)}, ${alias}.seq ${directionOf(part)}`;
  const runs = boundsAfter(asked, alias, bind).map(
    (bounds) =>
      `SELECT * FROM (SELECT ${columns} FROM ${from} WHERE ${[...where, ...bounds].join(" AND ")} ORDER BY ${order} ${limitedTo(most, bind)})`,
  );
  return runs.length === 1 ? runs.join("") : `${runs.join(" UNION ALL ")} ${limitedTo(most, bind)}`;
}

/**
 * Returns SQL for the entries of several stretches, merged, and one of position 0 after the last. The queue of this recursion
 * has the next entry of every stretch. The first one is taken out, and replaced by the next of its stretch.
 */
function merged({ after, ...asked }: Asked, bind: Bind): string {
  const { part, driver, most } = asked;
  const isTag = driver.by === "tag";
  const text = isTag ? TEXT_WITH_KIND : TEXT;
  const end = ENDS[part.order === "asc" ? "asc" : "desc"];
  const next = (at: SqlPlace | undefined) => {
    const some = (number: number) => {
      return inOrder(
        { ...asked, at, most: number },
        { alias: "w", columns: ENTRY, key: "stretch.key" },
        bind,
      );
    };
    const { kinds } = part.filter;
    if (!kinds || driver.by === "kind")
      return `coalesce((SELECT ${text} FROM (${some(1)}) AS w), ${end.one})`;
    const few = `SELECT ${text} FROM (${some(SKIPPED)}) AS w`;
    return `coalesce((${few} WHERE ${isOneValue("w.kind", kinds, bind)} LIMIT 1), (${few} LIMIT 1 OFFSET ${bind(SKIPPED - 1)}), ${end.one})`;
  };
  return `SELECT ${OF_TEXT.seq} AS seq, ${OF_TEXT.created_at} AS created_at${isTag ? `, ${KIND_OF_TEXT} AS kind` : ""} FROM (
  WITH RECURSIVE queue (key, place) AS (
    SELECT NULL, ${end.all}
    UNION ALL SELECT key, ${next(bound(after, bind))} FROM (${stretchKeys(part, driver, bind)}) AS stretch
    UNION ALL SELECT key, ${next(OF_TEXT)} FROM queue AS stretch WHERE length(place) > 1
    ORDER BY 2 ${directionOf(part)} ${limitedTo(most, bind)}
  ) SELECT place FROM queue WHERE place <> ${end.one} ${limitedTo(most, bind)})`;
}

function bound(place: Place | undefined, bind: Bind): SqlPlace | undefined {
  return place && { created_at: bind(place.created_at), seq: bind(place.seq) };
}

/**
 * Returns the conditions for the entries after a place, as one list for the rest of its second, and one for all others: with a
 * single condition SQLite would read the second from its beginning.
 */
function boundsAfter(
  { part, at, isOneSecond }: { part: Part; at: SqlPlace | undefined; isOneSecond?: boolean },
  alias: string,
  bind: Bind,
): string[][] {
  const bounds = boundedByCursor(part);
  if (!at) return [timeBounds(bounds, bind, alias)];
  const [beyond, end] =
    part.order === "asc"
      ? [">", bounds.until === undefined ? {} : { until: bounds.until }]
      : ["<", bounds.since === undefined ? {} : { since: bounds.since }];
  const sameSecond = [`${alias}.created_at = ${at.created_at}`, `${alias}.seq ${beyond} ${at.seq}`];
  if (isOneSecond) return [sameSecond];
  const others = [`${alias}.created_at ${beyond} ${at.created_at}`, ...timeBounds(end, bind, alias)];
  return [sameSecond, others];
}

function directionOf({ order }: Part): "ASC" | "DESC" {
  return order === "asc" ? "ASC" : "DESC";
}
