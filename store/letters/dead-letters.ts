/** Writes and removes dead letters: events of upstreams that could not be stored. Their number and size are bounded. */
import type { Database, Statement } from "../database/database.ts";
import { type DeadLetter, letterRow } from "./letter-row.ts";

export interface LetterTotals {
  letters: number;
  /** Bytes of all bodies. */
  bytes: number;
  /** How many were removed because of their age, or because there were too many, since the first one. */
  dropped: number;
}

/** A letter that an operator wants to be queued again. */
export interface MarkedLetter {
  id: number;
  upstream: string;
  attempts: number;
  /** JSON. */
  body: string;
}

export interface DeadLetters {
  /**
   * Adds letters. A second letter of the same upstream for the same event replaces the first one. Leaves out events that are
   * banned, and those of keys that are banned or have vanished. `now` is in Unix seconds.
   */
  add(letters: readonly DeadLetter[], now: number): Promise<void>;
  /** Removes letters that are too old. `now` is in Unix seconds. */
  age(now: number): Promise<void>;
  /** Reads one row. */
  totals(): Promise<LetterTotals>;
  /** Returns letters that are marked, the first marked first. */
  marked(limit: number): Promise<MarkedLetter[]>;
  /** Removes letters that are on the queue again. Keeps those that have come back meanwhile. */
  removeMarked(ids: readonly number[]): Promise<void>;
}

const DAYS_KEPT = 30;
/** 8 MB, of which each letter takes its body and 2 KB: so 4,000 letters at most. */
const MOST_WEIGHT = 8_000_000;
const WEIGHT_OF_ONE = 2000;
/** D1 takes a parameter of at most 2 MB, and a letter may be twice as long as a string in JSON. */
const ROWS_BYTES = 500_000;

const ADD = `
INSERT INTO dead_letter
  (upstream, event_id, pubkey, created_at, recipients, reason, at, attempts, bytes, body)
SELECT
  new.value ->> 'upstream', unhex(new.value ->> 'event'), unhex(new.value ->> 'pubkey'), new.value ->> 'created_at',
  nullif(new.value -> 'recipients', 'null'), new.value ->> 'reason', new.value ->> 'at', new.value ->> 'attempts',
  new.value ->> 'bytes', new.value ->> 'body'
FROM json_each(?1) AS new
WHERE NOT EXISTS (
  SELECT 1 FROM moderation WHERE list = 'banned-pubkey' AND subject = new.value ->> 'pubkey'
) AND NOT EXISTS (
  SELECT 1 FROM moderation WHERE list = 'banned-event' AND subject = new.value ->> 'event'
) AND NOT EXISTS (
  SELECT 1 FROM tombstone
  WHERE pubkey = unhex(new.value ->> 'pubkey') AND target = '' AND until >= coalesce(new.value ->> 'created_at', 0)
) AND NOT EXISTS (
  SELECT 1 FROM json_each(new.value -> 'recipients') AS recipient
  CROSS JOIN tombstone ON pubkey = unhex(recipient.value) AND target = ''
  WHERE until >= coalesce(new.value ->> 'created_at', 0)
)
ON CONFLICT (upstream, event_id) DO UPDATE SET
  reason = excluded.reason, at = excluded.at, attempts = max(attempts, excluded.attempts), redrive = NULL,
  pubkey = excluded.pubkey, created_at = excluded.created_at, recipients = excluded.recipients,
  bytes = excluded.bytes, body = excluded.body`;

const TOTALS = "SELECT letters, bytes, dropped FROM dead_letter_total";
const WEIGHT = `(${WEIGHT_OF_ONE} + coalesce(octet_length(body), 0))`;

/**
 * Drops the oldest letters of the upstream that takes the most room. So no upstream displaces the letters of others. Letters that are
 * marked stay: within minutes they are on the queue.
 */
const TRIM = `
DELETE FROM dead_letter WHERE id IN (
  SELECT id FROM (
    SELECT id, sum(${WEIGHT}) OVER (ORDER BY at, id ROWS UNBOUNDED PRECEDING) - ${WEIGHT} AS before FROM dead_letter
    WHERE redrive IS NULL AND upstream = (
      SELECT upstream FROM dead_letter WHERE redrive IS NULL GROUP BY upstream ORDER BY sum(${WEIGHT}) DESC, upstream LIMIT 1
    )
  )
  WHERE before < (SELECT ${WEIGHT_OF_ONE} * letters + bytes - ${MOST_WEIGHT} FROM dead_letter_total)
)`;
const AGE = "DELETE FROM dead_letter WHERE at < ?1 AND redrive IS NULL";
/** Runs after one of them. */
const COUNT_DROPPED = "UPDATE dead_letter_total SET dropped = dropped + changes() WHERE changes() > 0";

const MARKED = `
SELECT id, upstream, attempts, body FROM dead_letter WHERE redrive IS NOT NULL AND body IS NOT NULL
ORDER BY redrive, id LIMIT ?1`;
/** A letter that has come back is no longer marked. */
const REMOVE_MARKED =
  "DELETE FROM dead_letter WHERE id IN (SELECT value FROM json_each(?1)) AND redrive IS NOT NULL";

export function createDeadLetters(db: Database): DeadLetters {
  return {
    async add(letters, now) {
      for (const rows of parametersOf(letters, now)) await addRows(db, rows);
    },
    async age(now) {
      await drop(db, db.prepare(AGE).bind(now - DAYS_KEPT * 86_400));
    },
    totals: async () => totalsIn((await db.prepare(TOTALS).all<LetterTotals>()).results),
    marked: async (limit) => (await db.prepare(MARKED).bind(limit).all<MarkedLetter>()).results,
    async removeMarked(ids) {
      await db.batch([db.prepare(REMOVE_MARKED).bind(JSON.stringify(ids))], { mayRepeat: true });
    },
  };
}

async function addRows(db: Database, rows: string): Promise<void> {
  const statements: Statement[] = [db.prepare(ADD).bind(rows), db.prepare(TOTALS)];
  const results = await db.batch<LetterTotals>(statements, { mayRepeat: true });
  const { letters, bytes } = totalsIn(results[1]?.results ?? []);
  if (WEIGHT_OF_ONE * letters + bytes <= MOST_WEIGHT) return;
  await drop(db, db.prepare(TRIM));
}

/** Removes letters and counts them. If it runs twice, it finds nothing to remove the second time, and counts nothing. */
async function drop(db: Database, removal: Statement): Promise<void> {
  await db.batch([removal, db.prepare(COUNT_DROPPED)], { mayRepeat: true });
}

function totalsIn([row = { letters: 0, bytes: 0, dropped: 0 }]: LetterTotals[]): LetterTotals {
  return row;
}

/** Returns the letters as JSON, in parameters that D1 takes. */
function parametersOf(letters: readonly DeadLetter[], now: number): string[] {
  const parameters: string[][] = [];
  let room = 0;
  for (const letter of letters) {
    const row = JSON.stringify(letterRow(letter, now));
    if (row.length > room) {
      parameters.push([]);
      room = ROWS_BYTES;
    }
    parameters.at(-1)?.push(row);
    room -= row.length;
  }
  return parameters.map((rows) => `[${rows.join(",")}]`);
}
