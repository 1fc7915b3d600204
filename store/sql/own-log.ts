/** The part of the log that the relay's own clients have published. */
import { limitedTo, prepare } from "../walks/conditions.ts";
import type { Database } from "../database/database.ts";
import { loadable, loadEvents, LONG_EVENT_BYTES } from "../walks/read.ts";
import type { StoredEvent } from "../store.ts";
import { columns, foundIn, type Row } from "../walks/walk.ts";

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
      (SELECT seq FROM event WHERE seq > ${bind(after)} ORDER BY seq ${limitedTo(LOOKED_AT, bind)})`,
  );
  const own = prepare(
    db,
    (bind) =>
      `SELECT ${columns(LONG_EVENT_BYTES, bind)} FROM event AS e WHERE e.pulled = 0 AND e.seq IN
      (SELECT seq FROM event WHERE seq > ${bind(after)} ORDER BY seq ${limitedTo(LOOKED_AT, bind)})
      ORDER BY e.seq ${limitedTo(limit, bind)}`,
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

/** Events that a client has published, after an upstream had brought them. */
export interface AdoptedEvents {
  /** Their positions in the log, also of events that have been removed since. */
  seqs: number[];
  events: StoredEvent[];
}

/** Returns such events at log positions up to `sent`, which publishing to `url` may have passed. At most `limit`. */
export async function adoptedEvents(
  db: Database,
  url: string,
  sent: number,
  limit: number,
): Promise<AdoptedEvents> {
  const own = prepare(
    db,
    (bind) =>
      `SELECT a.seq AS position, ${columns(LONG_EVENT_BYTES, bind)} FROM onward_adopted AS a
      LEFT JOIN event AS e ON e.seq = a.seq
      WHERE a.url = ${bind(url)} AND a.seq <= ${bind(sent)} ORDER BY a.seq ${limitedTo(limit, bind)}`,
  );
  const { results } = await own.all<Row & { position: number }>();
  const page = loadable(foundIn(results))[0] ?? [];
  const end = page.at(-1)?.seq ?? Infinity;
  const isCut = page.length < foundIn(results).length;
  const seqs = results.map(({ position }) => position).filter((seq) => !isCut || seq <= end);
  return { seqs, events: await loadEvents(db, page) };
}

/** Forgets such events, once they have been answered or left out. */
export async function dropAdopted(db: Database, url: string, seqs: readonly number[]): Promise<void> {
  const statement = db
    .prepare("DELETE FROM onward_adopted WHERE url = ?1 AND seq IN (SELECT value FROM json_each(?2))")
    .bind(url, JSON.stringify(seqs));
  await db.batch([statement], { mayRepeat: true });
}
