/** Removes large numbers of events in small steps with a pause between them, so that others hardly wait. */
import type { Database, Statement } from "../database/database.ts";

/** Runs between two steps. Others are served until it resolves. */
export type Pause = () => Promise<void>;

/** Maximum number of events that one step looks at. */
export const LOOKED_AT = 500;
/**
 * Maximum cost of one step: the bytes of the tags, because each tag has a row, and `EVENT_COST` for each event. The
 * database takes about 30 ms for it. An event that costs more is removed in its own step.
 */
export const STEP_COST = 30_000;
export const EVENT_COST = 100;

/** SQL that lists events of a key (?1, in hex) up to a time (?2), after a position (?3, ?4). Its rows are `Looked`. */
type Walk = string;

interface Looked {
  seq: number;
  created_at: number;
  kind: number;
  /** Bytes of its tags. */
  bytes: number;
}

/** The events of an author: public ones, then private ones, which are apart in the index. */
export const EVENTS_BY: readonly Walk[] = [0, 1].map(
  (isPrivate) => `
SELECT seq, created_at, kind, octet_length(tags) AS bytes FROM event INDEXED BY event_by_author
WHERE private = ${isPrivate} AND pubkey = unhex(?1) AND created_at <= ?2 AND (created_at, seq) > (?3, ?4)
ORDER BY created_at, seq LIMIT ${LOOKED_AT}`,
);

/** Private events that name the key in a p tag. */
export const PRIVATE_EVENTS_NAMING: Walk = `
SELECT tag.seq, tag.created_at, e.kind, octet_length(e.tags) AS bytes
FROM tag CROSS JOIN event AS e ON e.seq = tag.seq
WHERE tag.private = 1 AND tag.key = unhex('70' || ?1) AND tag.created_at <= ?2 AND (tag.created_at, tag.seq) > (?3, ?4)
ORDER BY tag.created_at, tag.seq LIMIT ${LOOKED_AT}`;

/** Removes events along a walk, in steps. `goes` says whether an event of a kind is removed. */
export async function removeAlong(
  db: Database,
  walk: Walk,
  { pubkey, until, goes }: { pubkey: string; until: number; goes(kind: number): boolean },
  pause: Pause,
): Promise<void> {
  for (let after = [-1, 0]; ;) {
    const looked = await db
      .prepare(walk)
      .bind(pubkey, until, ...after)
      .all<Looked>();
    const step = takeStep(looked.results, ({ kind }) => goes(kind));
    const going = step.filter(({ kind }) => goes(kind));
    if (going.length > 0) await db.batch([deleteEvents(db, going)], { mayRepeat: true });
    const last = step.at(-1);
    const isAll = step.length === looked.results.length && step.length < LOOKED_AT;
    if (!last || isAll) return;
    after = [last.created_at, last.seq];
    await pause();
  }
}

/** Takes rows from the front: at least one, and at most what one step may remove. */
export function takeStep<Row extends { bytes: number }>(rows: Row[], goes: (row: Row) => boolean): Row[] {
  let cost = 0;
  const end = rows.findIndex((row, at) => {
    cost += goes(row) ? EVENT_COST + row.bytes : 0;
    return at > 0 && cost > STEP_COST;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

/** May run twice: a number in the log (seq) is never used again. */
export function deleteEvents(db: Database, events: { seq: number }[]): Statement {
  return db
    .prepare("DELETE FROM event WHERE seq IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(events.map(({ seq }) => seq)));
}
