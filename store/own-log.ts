/** The part of the log that the relay's own clients have published. */
import { prepare } from "./conditions.ts";
import type { Database } from "./database.ts";
import { loadable, loadEvents, LONG_EVENT_BYTES } from "./read.ts";
import type { StoredEvent } from "./store.ts";
import { columns, foundIn, type Row } from "./walk.ts";

/** Maximum number of log entries that one call looks at, also of those that came from upstreams. */
const LOOKED_AT = 5000;

export interface OwnEvents {
  /** Oldest first. */
  events: StoredEvent[];
  /** No other event of a client is at a log position after the given one up to this. */
  coveredTo: number;
  /** Whether the log goes on after `coveredTo`. */
  more: boolean;
}

/** Returns events of clients after a log position: at most `limit`, fewer if they are long or few of many entries. */
export async function ownEventsAfter(db: Database, after: number, limit: number): Promise<OwnEvents> {
  const end = prepare(
    db,
    (bind) =>
      `SELECT max(seq) AS last, count(*) AS looked FROM
      (SELECT seq FROM event WHERE seq > ${bind(after)} ORDER BY seq LIMIT ${bind(LOOKED_AT)})`,
  );
  const own = prepare(
    db,
    (bind) =>
      `SELECT ${columns(LONG_EVENT_BYTES, bind)} FROM event AS e WHERE e.pulled = 0 AND e.seq IN
      (SELECT seq FROM event WHERE seq > ${bind(after)} ORDER BY seq LIMIT ${bind(LOOKED_AT)})
      ORDER BY e.seq LIMIT ${bind(limit)}`,
  );
  const [ends, rows] = await db.batch<Row & { last: number | null; looked: number }>([end, own]);
  const { last, looked } = ends?.results[0] ?? { last: null, looked: 0 };
  const found = foundIn(rows?.results ?? []);
  const page = loadable(found)[0] ?? [];
  const events = await loadEvents(db, page);
  const isCut = page.length < found.length || found.length === limit;
  // An event that was removed meanwhile is passed too.
  const coveredTo = isCut ? (page.at(-1)?.seq ?? after) : (last ?? after);
  return { events, coveredTo, more: isCut || looked === LOOKED_AT };
}
