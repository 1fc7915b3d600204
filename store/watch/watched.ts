/** What the watch over the relay reads: the queues, new dead letters, and upstreams that are behind. */
import type { Database } from "../database/database.ts";

export interface BehindUpstream {
  url: string;
  failures: number;
  /** Why the last pull failed. Null: it did not. */
  problem: string | null;
  /** Unix seconds: everything up to then was asked for; null: it was never pulled. */
  pulledTo: number | null;
}

/** Times are Unix seconds. */
export interface Watched {
  /** Undefined before the aggregator's Cron has looked. `oldest`: when the oldest message was put there. */
  queues: { lookedAt: number; oldest: number | null } | undefined;
  /** Dead letters of the last day, at most 100. */
  letters: number;
  /** Upstreams that an operator has named, at most 20. */
  behind: BehindUpstream[];
}

interface WatchQuestion {
  /** The settings UPSTREAMS and PULL_INTERVAL. */
  urls: readonly string[];
  interval: number;
  /** Unix seconds. */
  now: number;
}

const DAY = 86_400;
/** An upstream is behind after three intervals, but at least an hour; or after so many failures if it was never pulled. */
const LATE_SECONDS = 3600;
const LATE_INTERVALS = 3;
const FIRST_FAILURES = 5;

const QUEUES = "SELECT at AS lookedAt, oldest FROM backlog WHERE id = 1";
const LETTERS = "SELECT count(*) AS letters FROM (SELECT 1 FROM dead_letter WHERE at >= ?1 LIMIT 100)";
/** Those of the outbox are not listed: the relay chooses another one itself. */
const BEHIND = `
SELECT url, failures, problem, pulled_to AS pulledTo FROM (
  SELECT url, failures, problem, coalesce(json_extract(settings, '$.interval'), ?2) AS pause,
    coalesce(json_extract(cursor, '$.pulledTo'), (
      SELECT CASE WHEN count(json_extract(value, '$.pulledTo')) = count(*) THEN min(json_extract(value, '$.pulledTo')) END
      FROM json_each(cursor, '$.filters')
    )) AS pulled_to
  FROM upstream
  WHERE is_paused = 0 AND json_extract(settings, '$.version') = 1
    AND coalesce(json_extract(settings, '$.direction'), 'in') <> 'out'
    AND (origin = 'operator' OR (origin = 'settings' AND url IN (SELECT value FROM json_each(?1))))
)
WHERE (pulled_to IS NULL AND failures >= ${FIRST_FAILURES})
  OR pulled_to < ?3 - max(${LATE_SECONDS}, ${LATE_INTERVALS} * pause)
ORDER BY url LIMIT 20`;

/** Reads a row for each upstream and each new dead letter, and one more. */
export async function readWatched(db: Database, { urls, interval, now }: WatchQuestion): Promise<Watched> {
  const [queues, letters, behind] = await db.batch<never>([
    db.prepare(QUEUES),
    db.prepare(LETTERS).bind(now - DAY),
    db.prepare(BEHIND).bind(JSON.stringify(urls), interval, now),
  ]);
  const [counted] = (letters?.results ?? []) as { letters: number }[];
  if (!counted) throw new Error("the database returned no row");
  return {
    queues: queues?.results[0],
    letters: counted.letters,
    behind: behind?.results ?? [],
  };
}
