/** Deletions in SQL: what they remove now, and keep from coming back (NIP-09, NIP-62). */
import { type Deletion, DELETION, GIFT_WRAP, VANISH } from "../nostr/deletion.ts";
import type { Event } from "../nostr/event.ts";

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

/** In their order, in one transaction, after the deletions themselves have been stored. */
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

  `DELETE FROM event WHERE seq IN (
    SELECT e.seq FROM json_each(?1) AS t CROSS JOIN event AS e INDEXED BY event_by_author
      ON e.pubkey = unhex(t.value ->> 1) AND e.created_at <= t.value ->> 4
    WHERE ${STORED} AND t.value ->> 3 = '' AND e.kind <> ${VANISH}
    UNION ALL
    SELECT e.seq FROM json_each(?1) AS t
    CROSS JOIN tag ON tag.key = ${P_TAG} AND tag.created_at <= t.value ->> 4
    CROSS JOIN event AS e ON e.seq = tag.seq
    WHERE ${STORED} AND t.value ->> 3 = '' AND e.kind = ${GIFT_WRAP}
  )`,
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
