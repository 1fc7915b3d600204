/** A walk through an index in bounded steps. It plans its next step, and then takes the answer of the database. */
import type { Bind } from "./conditions.ts";
import type { SqlValue } from "./database.ts";
import { type Driver, entriesOf, type Part } from "./plan.ts";
import type { FoundEvent } from "./store.ts";

/** A row of the answer: a match or, if `id` is null, a mark that there are more entries to look at. */
export interface Row {
  seq: number;
  created_at: number;
  id: string | null;
  size: number;
  json: string | null;
}

/** The bounds of one step. */
export interface Room {
  /** Maximum number of index entries to look at. */
  entries: number;
  /** The same for a single second that has more entries. */
  most: number;
  /** Maximum number of events to return. */
  events: number;
  /** Events of up to this many bytes are returned with their JSON. Negative: none. */
  longest: number;
  /** Undefined before the first read of the store. */
  pace: Pace | undefined;
  /** The end of the log at the first step. Undefined in that step. */
  head: number | undefined;
}

/** How fast public events come. Used to guess how many events a range of time has. */
export interface Pace {
  perSecond: number;
  /** created_at of the newest event, in Unix seconds. */
  latest: number;
}

export interface Statement {
  sql: string;
  params: SqlValue[];
}

export interface Walk {
  readonly found: FoundEvent[];
  /** Whether it has found enough matches, or all of them. */
  readonly isDone: boolean;
  /**
   * Unix seconds. Every match that is newer than this second (in ascending order: older) has been found. Undefined:
   * nothing is known yet.
   */
  readonly reached: number | undefined;
  /** About how many index entries it costs to test one entry. */
  readonly testing: number;
  /**
   * Returns the statements of the next step. They stay within the room.
   */
  plan(room: Room): Statement[];
  /** Takes the rows of these statements, in the same order. Returns how many entries were looked at, at least. */
  take(results: Row[][]): number;
}

/** A step asks for this many matches beyond the limit: it needs the whole last second, to keep its lowest ids. */
export const SLACK = 8;

const JSON_TEXT = `'{"id":"' || lower(hex(e.id)) || '","pubkey":"' || lower(hex(e.pubkey)) || '","created_at":' || e.created_at
  || ',"kind":' || e.kind || ',"tags":' || e.tags || ',"content":' || e.content || ',"sig":"' || lower(hex(e.sig)) || '"}'`;

/** SQL column: the event `e` as JSON text. */
export const EVENT_JSON = `${JSON_TEXT} AS json`;

/** SQL expression: bytes of content and tags of event `e`. SQLite knows them without reading the text. */
export const EVENT_SIZE = "octet_length(e.tags) + octet_length(e.content)";

/** Returns the columns of a `Row` for event `e`. */
export function columns(longest: number, bind: Bind): string {
  const json = longest < 0 ? "NULL" : `iif(${EVENT_SIZE} <= ${bind(longest)}, ${JSON_TEXT}, NULL)`;
  return `e.seq, e.created_at, lower(hex(e.id)) AS id, ${EVENT_SIZE} AS size, ${json} AS json`;
}

export function foundIn(rows: Row[]): FoundEvent[] {
  return rows.flatMap(({ id, json, ...row }) =>
    id === null ? [] : [{ ...row, id, json: json ?? undefined }],
  );
}

/** Returns whether the rows end with a mark: the step did not look at all of its entries. */
export function hasMark(rows: Row[]): boolean {
  return rows.at(-1)?.id === null;
}

/** Returns the SQL after SELECT for the index entries `t` of a driver, within bounds. */
export function entriesWithin(part: Part, driver: Driver, bind: Bind, bounds: string[]): string {
  const { from, where } = entriesOf(part, driver, bind);
  return `FROM ${from} WHERE ${[...where, ...bounds].join(" AND ")}`;
}

/** Returns the columns of a driver's entries that `restOf` needs. */
export function entryColumns(driver: Driver): string {
  return `t.seq, t.created_at${driver.by === "tag" ? ", t.kind" : ""}`;
}

/**
 * Returns SQL for a mark at a position of an index, counted from 0. SQLite looks for it only if there is room for more
 * rows.
 */
export function markAt(place: number, entries: string, bind: Bind): string {
  return `SELECT seq, created_at, NULL, 0, NULL FROM (SELECT t.seq, t.created_at ${entries} LIMIT 1 OFFSET ${bind(place)})`;
}
