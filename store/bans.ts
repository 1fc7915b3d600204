/** Bans in SQL: what they keep out, what they remove, and what was reported to be banned (NIP-56, NIP-86). */
import { type Database, STEP } from "./database.ts";

/**
 * True when the row `new` of events (`eventRow` of write.ts) or its author has been banned. Asked by the commit itself:
 * no list is held in memory, and no event that was under way when the ban came slips past it.
 */
export const BANNED = `(
  EXISTS (SELECT 1 FROM moderation WHERE list = 'banned-pubkey' AND subject = new.value ->> 1)
  OR EXISTS (SELECT 1 FROM moderation WHERE list = 'banned-event' AND subject = new.value ->> 0)
)`;

export async function removeEventsOf(db: Database, pubkey: string): Promise<void> {
  const statement = db
    .prepare(
      `DELETE FROM event WHERE seq IN (
        SELECT seq FROM event INDEXED BY event_by_author WHERE pubkey = unhex(?1) LIMIT ${STEP}
      ) RETURNING seq`,
    )
    .bind(pubkey);
  for (let removed = STEP; removed === STEP;) removed = (await statement.all()).results.length;
}

/** Reports further back than these are not looked at. */
const MOST_REPORTS = 5000;

/** The reason is what the last report says; of others only their number is told. */
export async function reportedEvents(
  db: Database,
  now: number,
  limit: number,
): Promise<{ id: string; reason: string }[]> {
  const { results } = await db
    .prepare(
      `WITH report AS MATERIALIZED (
        SELECT seq, created_at, tags, content FROM event INDEXED BY event_by_kind
        WHERE kind = 1984 AND (expires_at IS NULL OR expires_at > ?1) ORDER BY created_at DESC LIMIT ${MOST_REPORTS}
      )
      SELECT lower(hex(e.id)) AS id, coalesce(t.value ->> 2, '') AS type, substr(report.content ->> '$', 1, 500) AS content,
        count(DISTINCT report.seq) AS reports, max(report.created_at) AS last
      FROM report CROSS JOIN json_each(report.tags) AS t CROSS JOIN event AS e ON e.id = unhex(t.value ->> 1)
      WHERE t.value ->> 0 = 'e' AND NOT EXISTS (
        SELECT 1 FROM moderation WHERE list = 'allowed-event' AND subject = lower(hex(e.id))
      )
      GROUP BY e.id ORDER BY last DESC, e.id LIMIT ?2`,
    )
    .bind(now, limit)
    .all<{ id: string; type: string; content: string; reports: number }>();
  return results.map(({ id, type, content, reports }) => {
    const said = [type, content].filter((text) => text !== "").join(": ");
    return { id, reason: reports > 1 ? `${said} (${reports} reports)` : said };
  });
}
