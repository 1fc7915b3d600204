/** Deletions in SQL: what they remove now, and keep from coming back (NIP-09, NIP-62). */
import { type Deletion, DELETION, GIFT_WRAP, VANISH } from "../nostr/deletion.ts";
import type { Event } from "../nostr/event.ts";
import { type Cost, costOf, type Database, type SqlResult, STEP } from "./database.ts";

const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** True when the row `new` of events (`eventRow` of write.ts) has been deleted before it came. */
export const BURIED = `(
  EXISTS (
    SELECT 1 FROM tombstone AS t
    WHERE t.pubkey = unhex(new.value ->> 1) AND t.until >= new.value ->> 3
      AND t.target IN ('', unhex(new.value ->> 0), (new.value ->> 4) || ':' || (new.value -> 7))
      AND new.value ->> 4 NOT IN (${VANISH}, iif(t.target = '', ${VANISH}, ${DELETION}))
  )
  OR (new.value ->> 4 = ${GIFT_WRAP} AND EXISTS (
    SELECT 1 FROM json_each(new.value -> 5) AS p
    CROSS JOIN tombstone AS t ON t.pubkey = unhex(p.value ->> 1)
    WHERE p.value ->> 0 = 'p' AND t.target IN ('', unhex(new.value ->> 0)) AND t.until >= new.value ->> 3
  ))
)`;

/** One row of the parameter is `tombstoneRow`. A deletion that was not stored has no effect. */
const STORED = "EXISTS (SELECT 1 FROM event WHERE id = unhex(t.value ->> 0))";
/** Index key of the p tags that name whoever deletes. */
const P_TAG = "unhex('70' || (t.value ->> 1))";

/**
 * In their order, in one transaction, after the deletions themselves have been stored. Whoever vanishes may have so
 * much that removing it takes longer than a transaction may: that is left to `removeVanished`.
 */
export const APPLY_TOMBSTONES = [
  `INSERT INTO tombstone (pubkey, target, until)
  SELECT unhex(t.value ->> 1), coalesce(unhex(t.value ->> 2), t.value ->> 3), t.value ->> 4
  FROM json_each(?1) AS t WHERE ${STORED}
  ON CONFLICT DO UPDATE SET until = max(until, excluded.until)`,

  `DELETE FROM event WHERE seq IN (
    SELECT e.seq FROM json_each(?1) AS t CROSS JOIN event AS e ON e.id = unhex(t.value ->> 2)
    WHERE ${STORED} AND e.kind NOT IN (${DELETION}, ${VANISH}) AND (
      e.pubkey = unhex(t.value ->> 1)
      OR (e.kind = ${GIFT_WRAP} AND EXISTS (
        SELECT 1 FROM tag WHERE key = ${P_TAG} AND created_at = e.created_at AND seq = e.seq
      ))
    )
  )`,

  `DELETE FROM event WHERE seq IN (
    SELECT e.seq FROM json_each(?1) AS t CROSS JOIN event AS e INDEXED BY event_version
      ON e.pubkey = unhex(t.value ->> 1) AND e.kind = t.value ->> 5 AND e.d = t.value -> 6
    WHERE ${STORED} AND e.d IS NOT NULL AND e.created_at <= t.value ->> 4
  )`,

  `INSERT INTO vanishing (pubkey, until)
  SELECT unhex(t.value ->> 1), t.value ->> 4 FROM json_each(?1) AS t WHERE ${STORED} AND t.value ->> 3 = ''
  ON CONFLICT DO UPDATE SET until = max(until, excluded.until)`,
];

/** What the SQL above reads by position: deletion's id, its author, id or text of the target, until, kind, d. */
export function tombstoneRow({ id, pubkey }: Event, deletion: Deletion) {
  switch (deletion.kind) {
    case "event":
      return [id, pubkey, deletion.id, null, FOR_EVER, null, null];
    case "versions": {
      const { of, d, until } = deletion;
      return [id, pubkey, null, `${of}:${JSON.stringify(d)}`, until, of, d];
    }
    case "everything":
      return [id, pubkey, null, "", deletion.until, null, null];
  }
}

/** What goes with whoever vanishes, oldest first: their own events, and the gift wraps that they are named in. */
const LEFT_BEHIND = [
  `SELECT seq FROM event INDEXED BY event_by_author
  WHERE pubkey = unhex(?1) AND created_at BETWEEN ?2 AND ?3 AND kind <> ${VANISH}
  ORDER BY created_at LIMIT ${STEP}`,

  `SELECT e.seq FROM tag CROSS JOIN event AS e ON e.seq = tag.seq
  WHERE tag.key = unhex('70' || ?1) AND tag.created_at BETWEEN ?2 AND ?3 AND e.kind = ${GIFT_WRAP}
  ORDER BY tag.created_at LIMIT ${STEP}`,
];

export async function vanishingAuthors(db: Database): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT lower(hex(pubkey)) AS pubkey FROM vanishing")
    .all<{ pubkey: string }>();
  return results.map(({ pubkey }) => pubkey);
}

/** May end in the middle, and be begun again by anybody at any time. */
export async function removeVanished(db: Database, pubkey: string): Promise<Cost> {
  const asked = await db
    .prepare("SELECT until FROM vanishing WHERE pubkey = unhex(?1)")
    .bind(pubkey)
    .all<{ until: number }>();
  const until = asked.results[0]?.until;
  if (until === undefined) return costOf([asked]);
  const all: Pick<SqlResult<unknown>, "meta">[] = [asked];
  for (const some of LEFT_BEHIND) {
    const remove = db.prepare(`DELETE FROM event WHERE seq IN (${some}) RETURNING created_at`);
    for (let from = 0, removed = STEP; removed === STEP;) {
      const step = await remove.bind(pubkey, from, until).all<{ created_at: number }>();
      all.push({ meta: step.meta });
      removed = step.results.length;
      // What was looked at and stays is not looked at again.
      from = Math.max(from, ...step.results.map(({ created_at }) => created_at));
    }
  }
  // Not when they have asked again meanwhile, for more.
  const done = db.prepare("DELETE FROM vanishing WHERE pubkey = unhex(?1) AND until = ?2");
  return costOf([...all, await done.bind(pubkey, until).all()]);
}
