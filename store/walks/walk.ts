/** A walk through an index in bounded steps. It plans its next step, and then takes the answer of the database. */
import type { Bind } from "./conditions.ts";
import type { SqlValue } from "../database/database.ts";
import type { FoundEvent } from "../store.ts";

/** A row of the answer. */
export interface Row {
  /** In a list: which stretch, counted from 0. */
  stretch?: number;
  seq: number;
  created_at: number;
  /**
   * A match: its size, a space, and its JSON or, if that is too long, its id. Empty: the end, no entries are left. Null: a mark,
   * the step did not look at all entries.
   */
  found: string | null;
}

/** The bounds of one step. */
export interface Room {
  /** Maximum number of index entries to look at. */
  entries: number;
  /** Maximum bytes of events to return as JSON, or `NO_JSON`. */
  bytes: number;
  /** The end of the log at the first step. Undefined in that step. */
  head: number | undefined;
}

/** As a number of bytes, of all events or of the longest one: events are returned without their JSON. */
export const NO_JSON = 0;

/** Without its JSON too, an event that is returned takes as long as looking at so many entries. */
export const ENTRIES_FOR_EVENT = 3;

/** In bytes. A step returns as many events as are wanted, but no more than fit in with this length. */
export const SHORT_EVENT_BYTES = 3000;

/** A step returns this many bytes, and this many for each wanted event: the fewer a read wants, the more reads run at once. */
export const LEAST_BYTES = 200_000;
export const BYTES_FOR_EVENT = 8000;

/** What the events of one step are. */
export interface Returned {
  /** Maximum number of events, at least 1. */
  events: number;
  /** Events of up to this many bytes have their JSON, or `NO_JSON`. */
  longest: number;
}

/** Returns the room for so many events. The fewer they are, the longer ones have their JSON. */
export function roomFor(wanted: number, { entries, bytes }: Pick<Room, "entries" | "bytes">): Returned {
  const most = Math.max(
    1,
    Math.floor(bytes === NO_JSON ? entries / ENTRIES_FOR_EVENT : bytes / SHORT_EVENT_BYTES),
  );
  const events = Math.max(1, Math.min(wanted, most));
  const least = LEAST_BYTES + events * BYTES_FOR_EVENT;
  return { events, longest: Math.floor(Math.min(bytes, least) / events) };
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
  /** About how many index entries the next step looks at before its first one: those of each value of a list that is merged. */
  readonly listing: number;
  /** Returns the statements of the next step. They stay within the room. */
  plan(room: Room): Statement[];
  /** Takes the rows of these statements, in the same order. Returns how many entries were looked at, at least. */
  take(results: Row[][]): number;
}

const JSON_TEXT = `'{"id":"' || lower(hex(e.id)) || '","pubkey":"' || lower(hex(e.pubkey)) || '","created_at":' || e.created_at
  || ',"kind":' || e.kind || ',"tags":' || e.tags || ',"content":' || e.content || ',"sig":"' || lower(hex(e.sig)) || '"}'`;

/** SQL column: the event `e` as JSON text. */
export const EVENT_JSON = `${JSON_TEXT} AS json`;

/** SQL expression: bytes of content and tags of event `e`. SQLite knows them without reading the text. */
const EVENT_SIZE = "octet_length(e.tags) + octet_length(e.content)";

/** Returns an SQL expression: `found` of a `Row` for event `e`. */
export function found(longest: number, bind: Bind): string {
  const id = "lower(hex(e.id))";
  const text = longest === NO_JSON ? id : `iif(${EVENT_SIZE} <= ${bind(longest)}, ${JSON_TEXT}, ${id})`;
  return `(${EVENT_SIZE}) || ' ' || ${text}`;
}

/** Returns the columns of a `Row` for event `e`. */
export function columns(longest: number, bind: Bind): string {
  return `e.seq, e.created_at, ${found(longest, bind)} AS found`;
}

/** SQL columns of the end. */
export const END = "SELECT 0, 0, ''";

const ID_LENGTH = 64;
/** What comes before the id in the JSON of an event. */
const BEFORE_ID = '{"id":"'.length;

export function foundIn(rows: Row[]): FoundEvent[] {
  return rows.flatMap(({ found: match, seq, created_at }): FoundEvent[] => {
    if (!match) return [];
    const space = match.indexOf(" ");
    const text = match.slice(space + 1);
    const size = Number(match.slice(0, space));
    if (text.length === ID_LENGTH) return [{ seq, created_at, id: text, size, json: undefined }];
    const id = copyOf(text.slice(BEFORE_ID, BEFORE_ID + ID_LENGTH));
    return [{ seq, created_at, id, size, json: text }];
  });
}

/** V8 keeps the whole text in memory as long as a part of it is used. An id outlives the JSON that it came in. */
function copyOf(text: string): string {
  return ` ${text}`.slice(1);
}

/** Returns whether the rows end with a mark: the step did not look at all of its entries. */
export function hasMark(rows: Row[]): boolean {
  return rows.at(-1)?.found === null;
}

/** Returns whether the rows end with the end. */
export function hasEnd(rows: Row[]): boolean {
  return rows.at(-1)?.found === "";
}

/**
 * Returns SQL for a mark at a position of some entries, counted from 0. SQLite looks for it only if there is room for more
 * rows.
 */
export function markAt(position: number, entries: string, bind: Bind): string {
  return `SELECT seq, created_at, NULL FROM (SELECT seq, created_at FROM (${entries}) LIMIT 1 OFFSET ${bind(position)})`;
}
