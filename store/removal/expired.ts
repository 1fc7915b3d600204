/** Expired events (NIP-40): they are removed, and no older version of them comes back. */
import type { Database } from "../database/database.ts";
import { EVENT } from "../database/rows.ts";
import { deleteEvents, takeStep } from "./removal.ts";

/** SQL condition: the event in the row `new` (`eventRow`) is older than a version that has expired. */
export const OUTDATED = `(
  (new.value -> ${EVENT.d}) <> 'null' AND EXISTS (
    SELECT 1 FROM expired_version AS v
    WHERE v.pubkey = unhex(new.value ->> ${EVENT.pubkey}) AND v.kind = new.value ->> ${EVENT.kind} AND v.d = new.value -> ${EVENT.d} AND (
      v.created_at > new.value ->> ${EVENT.created_at}
      OR (v.created_at = new.value ->> ${EVENT.created_at} AND v.id <= unhex(new.value ->> ${EVENT.id}))
    )
  )
)`;

const REMEMBER = `
INSERT INTO expired_version (pubkey, kind, d, created_at, id)
SELECT pubkey, kind, d, created_at, id FROM event
WHERE seq IN (SELECT value FROM json_each(?1)) AND d IS NOT NULL
ON CONFLICT DO UPDATE SET created_at = excluded.created_at, id = excluded.id`;

/** Removes at most `limit` expired events, fewer if they have many tags. `now` is in Unix seconds. */
export async function removeExpired(db: Database, now: number, limit: number) {
  const found = await db
    .prepare(
      `SELECT seq, octet_length(tags) AS bytes FROM event INDEXED BY event_by_expiry
      WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2`,
    )
    .bind(now, limit)
    .all<{ seq: number; bytes: number }>();
  const step = takeStep(found.results, () => true);
  if (step.length === 0) return { removed: 0, more: false };
  const seqs = JSON.stringify(step.map(({ seq }) => seq));
  await db.batch([db.prepare(REMEMBER).bind(seqs), deleteEvents(db, step)], { mayRepeat: true });
  const more = step.length < found.results.length || step.length === limit;
  return { removed: step.length, more };
}
