/** Bans in SQL: which events they refuse, which they remove, and which events were reported (NIP-56, NIP-86). */
import type { Database } from "../database/database.ts";
import { EVENTS_BY, type Pause, removeAlong } from "../removal/removal.ts";
import { REPORT } from "../../nostr/kinds.ts";
import { EVENT } from "../database/rows.ts";

/**
 * SQL condition: the event in the row `new` (`eventRow`) or its author is banned. The commit itself checks it, so there
 * is no list in memory, and a ban also stops events that were already on their way.
 */
export const BANNED = `(
  EXISTS (SELECT 1 FROM moderation WHERE list = 'banned-pubkey' AND subject = new.value ->> ${EVENT.pubkey})
  OR EXISTS (SELECT 1 FROM moderation WHERE list = 'banned-event' AND subject = new.value ->> ${EVENT.id})
)`;

/** Removes the mark of a banned key (`decisions.ts`). */
const END_EMPTYING = "DELETE FROM emptying WHERE pubkey = unhex(?1)";

/** Returns the banned keys whose events are not all removed yet. */
export async function unemptied(db: Database): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT lower(hex(pubkey)) AS pubkey FROM emptying")
    .all<{ pubkey: string }>();
  return results.map(({ pubkey }) => pubkey);
}

/** Removes all events of a banned key, in steps. It may be interrupted; anyone may run it again at any time. */
export async function removeEventsOf(db: Database, pubkey: string, pause: Pause): Promise<void> {
  const all = { pubkey, until: Number.MAX_SAFE_INTEGER, goes: () => true };
  for (const walk of EVENTS_BY) await removeAlong(db, walk, all, pause);
  await db.batch([db.prepare(END_EMPTYING).bind(pubkey)], { mayRepeat: true });
}

/** Only this many of the newest reports are read. */
export const MOST_REPORTS = 5000;

/**
 * Returns reported events that no admin has decided on. The reason is the text of the last report, with the number of
 * reports.
 */
export async function reportedEvents(
  db: Database,
  now: number,
  limit: number,
): Promise<{ id: string; reason: string }[]> {
  const { results } = await db
    .prepare(
      `WITH report AS MATERIALIZED (
        SELECT seq, created_at, tags, content FROM event INDEXED BY event_by_kind
        WHERE kind = ${REPORT} AND (expires_at IS NULL OR expires_at > ?1) ORDER BY created_at DESC LIMIT ${MOST_REPORTS}
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
