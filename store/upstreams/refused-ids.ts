/**
 * Ids that an upstream need not be asked for again: what came was refused, and would be refused again. Without this memory, each
 * pull would fetch and verify these events again, because they are not stored.
 */
import type { Database } from "../database/database.ts";

/** The overlap of pulls and the daily sweep look back three days at most. */
const DAYS_REMEMBERED = 7;
/** Beyond this, the oldest go first. An upstream that sends only garbage does not displace the ids of others. */
const MOST_OF_UPSTREAM = 10_000;
const MOST_OF_ALL = 200_000;
/** Looking for the oldest reads every row of an upstream. So it is done once for so many ids. */
const ADDED_BETWEEN = 1000;
/** Ids in one statement, so that it is short for D1. */
const AT_ONCE = 1000;

export interface RefusedIds {
  /**
   * Returns the ids out of these that were refused from this upstream, under the rules that hold now. `rules` stands for these
   * rules: ask before the events are judged, and pass it to `remember`.
   */
  look(upstream: string, ids: readonly string[]): Promise<{ refused: Set<string>; rules: string }>;
  remember(refused: { upstream: string; ids: readonly string[]; rules: string; now: number }): Promise<void>;
  /** Forgets what is too old or too much. Call it once a minute. `now` is in Unix seconds. */
  forget(now: number): Promise<void>;
}

const LOOK = `
SELECT revision, (
  SELECT json_group_array(lower(hex(id))) FROM refused_event
  WHERE upstream = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))
  AND rules = ?3 || ':' || revision
) AS ids FROM readmission`;

const REMEMBER = `
INSERT INTO refused_event (upstream, id, rules, at)
SELECT ?1, unhex(value), ?3, ?4 FROM json_each(?2) WHERE true
ON CONFLICT DO UPDATE SET rules = excluded.rules, at = excluded.at`;
const COUNT = `
INSERT INTO refused_added (upstream, added) VALUES (?1, ?2)
ON CONFLICT DO UPDATE SET added = added + excluded.added`;
const REMOVE_OLDEST = `
DELETE FROM refused_event WHERE upstream = ?1
AND (SELECT added FROM refused_added WHERE upstream = ?1) >= ${ADDED_BETWEEN}
AND at < (SELECT at FROM refused_event WHERE upstream = ?1 ORDER BY at DESC LIMIT 1 OFFSET ${MOST_OF_UPSTREAM - 1})`;
const COUNT_AGAIN = `UPDATE refused_added SET added = 0 WHERE upstream = ?1 AND added >= ${ADDED_BETWEEN}`;

const REMOVE_OLD = "DELETE FROM refused_event WHERE at < ?1";
const REMOVE_OLDEST_OF_ALL = `
DELETE FROM refused_event WHERE at < (SELECT at FROM refused_event ORDER BY at DESC LIMIT 1 OFFSET ${MOST_OF_ALL - 1})`;

/**
 * `settings` stands for the settings that decide which events are accepted. With other settings, and after a decision of the
 * operators that may admit an event (the table `readmission`), nothing counts as refused.
 */
export function createRefusedIds(db: Database, settings: string): RefusedIds {
  return {
    look: (upstream, ids) => look(db, settings, { upstream, ids }),
    async remember({ upstream, ids, rules, now }) {
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const some = [...new Set(ids.slice(at, at + AT_ONCE))];
        const statements = [
          db.prepare(REMEMBER).bind(upstream, JSON.stringify(some), rules, now),
          db.prepare(COUNT).bind(upstream, some.length),
          db.prepare(REMOVE_OLDEST).bind(upstream),
          db.prepare(COUNT_AGAIN).bind(upstream),
        ];
        // If it runs twice, the oldest are only looked for a little earlier.
        await db.batch(statements, { mayRepeat: true });
      }
    },
    async forget(now) {
      const statements = [db.prepare(REMOVE_OLD).bind(now - DAYS_REMEMBERED * 86_400)];
      // Reads every row if there are too many. So only once an hour.
      if (now % 3600 < 60) statements.push(db.prepare(REMOVE_OLDEST_OF_ALL));
      await db.batch(statements, { mayRepeat: true });
    },
  };
}

async function look(
  db: Database,
  settings: string,
  { upstream, ids }: { upstream: string; ids: readonly string[] },
): Promise<{ refused: Set<string>; rules: string }> {
  const { results } = await db
    .prepare(LOOK)
    .bind(upstream, JSON.stringify(ids), settings)
    .all<{ revision: number; ids: string }>();
  const { revision = 0, ids: refused = "[]" } = results[0] ?? {};
  return { refused: new Set(JSON.parse(refused) as string[]), rules: rulesOf(settings, revision) };
}

/** Returns what stands for the rules. `revision` is that of the table `readmission`. */
export function rulesOf(settings: string, revision: number): string {
  return `${settings}:${revision}`;
}
