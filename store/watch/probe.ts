/** How the relay's last test of itself ended, and what `/health/ready` reads besides. */
import type { Database } from "../database/database.ts";

/** refused: the relay answered, and its settings refuse the test's events. */
export type ProbeOutcome = "ok" | "refused" | "failed";

/** Times are Unix seconds. */
export interface StoredProbe {
  at: number;
  outcome: ProbeOutcome;
  milliseconds: number;
  /** When an event was last stored and read back; null: never. */
  storedAt: number | null;
}

/** Times are Unix seconds. */
export interface Readiness {
  /** Undefined before the first test. */
  probe: StoredProbe | undefined;
  /** Undefined before the aggregator's Cron has looked at the queues. `oldest`: when the oldest message was put there. */
  queues: { lookedAt: number; oldest: number | null } | undefined;
}

const SAVE = `
INSERT INTO probe (id, at, outcome, milliseconds, stored_at) VALUES (1, ?1, ?2, ?3, iif(?2 = 'ok', ?1, NULL))
ON CONFLICT DO UPDATE SET at = excluded.at, outcome = excluded.outcome, milliseconds = excluded.milliseconds,
  stored_at = coalesce(excluded.stored_at, stored_at)`;
const READ = `
SELECT probe.at, outcome, milliseconds, stored_at AS storedAt, backlog.at AS lookedAt, oldest
FROM (SELECT 1 AS id) AS one LEFT JOIN probe ON probe.id = one.id LEFT JOIN backlog ON backlog.id = one.id`;

type Row = { [Name in keyof StoredProbe]: StoredProbe[Name] | null } & {
  lookedAt: number | null;
  oldest: number | null;
};

/** `now` is in Unix seconds. Writes one row. */
export async function saveProbe(
  db: Database,
  { outcome, milliseconds }: Pick<StoredProbe, "outcome" | "milliseconds">,
  now: number,
): Promise<void> {
  await db.batch([db.prepare(SAVE).bind(now, outcome, Math.round(milliseconds))], { mayRepeat: true });
}

/** Reads two rows. */
export async function readReadiness(db: Database): Promise<Readiness> {
  const [row] = (await db.prepare(READ).all<Row>()).results;
  if (!row) throw new Error("the database returned no row");
  const { lookedAt, oldest, at, outcome, milliseconds, storedAt } = row;
  const isTested = at !== null && outcome !== null && milliseconds !== null;
  return {
    probe: isTested ? { at, outcome, milliseconds, storedAt } : undefined,
    queues: lookedAt === null ? undefined : { lookedAt, oldest },
  };
}
