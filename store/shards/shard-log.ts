/**
 * The log of several databases. Its positions are reserved in the first one: a commit reserves numbers, writes to the databases
 * of its events, and then releases its reservation. The log ends before the first reservation that is not released, so
 * nobody has read further than events may still be stored. docs/decisions/0006-several-databases.md has the proof.
 */
import type { Database } from "../database/database.ts";

/** The log positions after `prev` up to `last`, of one commit. */
export interface Reservation {
  token: string;
  prev: number;
  last: number;
}

export interface ShardLog {
  /** Returns the end of the log. No event will be stored at a position up to it. */
  head(): Promise<number>;
  /**
   * Reserves positions. If the log does not go as far as `known`, the database has been restored to an earlier state, and the
   * log moves beyond it. A repeated call with the same token returns the same positions.
   */
  reserve(token: string, count: number, known: number): Promise<Reservation>;
  /**
   * Ends a reservation. Nothing will be stored at its positions any more. The positions after `used` are given to later
   * commits, if no other commit has reserved since. Returns the end of the log, and the last position that no later commit gets.
   */
  release(reservation: Reservation, used: number): Promise<{ head: number; last: number }>;
  /** Returns the first reservation that is not released. */
  first(): Promise<Reservation | undefined>;
}

/** As far as the log may have moved beyond what anyone knows. store/sql/write.ts says why it is so much. */
const BEYOND = 1_000_000_000;

const LAST = "(SELECT seq FROM sqlite_sequence WHERE name = 'event')";
const HEAD = `SELECT coalesce((SELECT min(prev) FROM reservation), ${LAST}, 0) AS head`;

/** `db` is the first of the databases. */
export function createShardLog(db: Database): ShardLog {
  return {
    head: () => readHead(db),
    reserve: (token, count, known) => reserve(db, token, count, known),
    release: (reservation, used) => release(db, reservation, used),
    first: () => readFirst(db),
  };
}

async function readHead(db: Database): Promise<number> {
  const { results } = await db.prepare(HEAD).all<{ head: number }>();
  return results[0]?.head ?? 0;
}

async function reserve(db: Database, token: string, count: number, known: number): Promise<Reservation> {
  const results = await db.batch<Reservation>(
    [
      // SQLite has this row from the first event on.
      db.prepare(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'event', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'event')",
      ),
      db
        .prepare(`UPDATE sqlite_sequence SET seq = ?1 + ${BEYOND} WHERE name = 'event' AND seq < ?1`)
        .bind(known),
      db
        .prepare(`INSERT OR IGNORE INTO reservation (token, prev, last) SELECT ?1, ${LAST}, ${LAST} + ?2`)
        .bind(token, count),
      db
        .prepare(
          "UPDATE sqlite_sequence SET seq = max(seq, (SELECT last FROM reservation WHERE token = ?1)) WHERE name = 'event'",
        )
        .bind(token),
      db.prepare("SELECT token, prev, last FROM reservation WHERE token = ?1").bind(token),
    ],
    { mayRepeat: true },
  );
  const [reservation] = results.at(-1)?.results ?? [];
  if (!reservation) throw new Error("the log has reserved nothing");
  return reservation;
}

async function release(db: Database, { token, last }: Reservation, used: number) {
  const results = await db.batch<{ head: number }>(
    [
      db
        .prepare(
          `UPDATE sqlite_sequence SET seq = ?2 WHERE name = 'event' AND seq = ?3
          AND EXISTS (SELECT 1 FROM reservation WHERE token = ?1) RETURNING seq`,
        )
        .bind(token, used, last),
      db.prepare("DELETE FROM reservation WHERE token = ?1").bind(token),
      db.prepare(HEAD),
    ],
    { mayRepeat: true },
  );
  // If it ran before and the answer was lost, the unused positions may have been given to others.
  const isRepeated = (results[0]?.meta.total_attempts ?? 1) > 1;
  const isGivenBack = (results[0]?.results.length ?? 0) > 0;
  return { head: results.at(-1)?.results[0]?.head ?? 0, last: isGivenBack || isRepeated ? used : last };
}

async function readFirst(db: Database): Promise<Reservation | undefined> {
  const { results } = await db
    .prepare("SELECT token, prev, last FROM reservation ORDER BY prev LIMIT 1")
    .all<Reservation>();
  return results[0];
}
