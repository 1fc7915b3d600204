/** Retention: removes events that are older than their kind is kept. */
import { GIFT_WRAP } from "../../nostr/kinds.ts";
import { type RetentionRule, secondsKept } from "../../nostr/retention.ts";
import type { Database, Statement } from "../database/database.ts";
import { deleteEvents, LOOKED_AT, type Pause, takeStep } from "./removal.ts";

export interface Prune {
  rules: readonly RetentionRule[];
  /** Only events that came from upstreams and were not published here. */
  isPulled: boolean;
  /** Unix seconds. */
  now: number;
  /** Maximum number of events to look at. */
  most: number;
}

/** Maximum number of kinds that one run looks at. Each run starts at another one, so that none is left out for ever. */
const MOST_KINDS = 500;
/** Distance between the kinds at which two runs start, a minute apart. It has no factor in common with the number of kinds. */
const STRIDE = 7919;
const KINDS = 65_536;

/** A client has published these events: they are its own from now on, and not only of upstreams. */
export function adoptStatement(db: Database, ids: string[]): Statement {
  return db
    .prepare(
      `UPDATE event INDEXED BY sqlite_autoindex_event_1 SET pulled = 0
      WHERE id IN (SELECT unhex(value) FROM json_each(?1)) AND pulled = 1`,
    )
    .bind(JSON.stringify(ids));
}

/** Removes the oldest events of each kind, in steps. Returns how many it removed. It may be interrupted. */
export async function prune(db: Database, { rules, isPulled, now, most }: Prune, pause: Pause) {
  if (rules.every(({ seconds }) => seconds === Infinity)) return 0;
  const kinds = await kindsFrom(db, isPulled, (Math.floor(now / 60) * STRIDE) % KINDS);
  let removed = 0;
  let looked = 0;
  for (const { kind, oldest } of kinds) {
    const before = now - secondsKept(rules, kind);
    for (let more = oldest < before; more && looked < most;) {
      const step = await removeOldest(db, {
        kind,
        before,
        isPulled,
        limit: Math.min(LOOKED_AT, most - looked),
      });
      removed += step.removed;
      looked += step.looked;
      more = step.more;
      await pause();
    }
  }
  return removed;
}

function entriesOf(isPulled: boolean): string {
  return isPulled
    ? "event INDEXED BY event_pulled WHERE pulled = 1 AND"
    : "event INDEXED BY event_by_kind WHERE";
}

interface Kind {
  kind: number;
  /** created_at of its oldest event. */
  oldest: number;
}

/** Finds kinds, in their order from `first` on and then from 0. */
async function kindsFrom(db: Database, isPulled: boolean, first: number): Promise<Kind[]> {
  const found = await oldestOfKinds(db, isPulled, first);
  if (found.length === MOST_KINDS) return found;
  const others = await oldestOfKinds(db, isPulled, 0);
  return [...found, ...others.filter(({ kind }) => kind < first)].slice(0, MOST_KINDS);
}

/** Finds the kinds from `first` on, and the time of the oldest event of each. It looks at about three entries for each kind. */
async function oldestOfKinds(db: Database, isPulled: boolean, first: number): Promise<Kind[]> {
  const entries = entriesOf(isPulled);
  const { results } = await db
    .prepare(
      `WITH RECURSIVE present (kind) AS (
        SELECT min(kind) FROM ${entries} kind >= ?1
        UNION ALL
        SELECT (SELECT min(kind) FROM ${entries} kind > present.kind) FROM present WHERE present.kind IS NOT NULL
        LIMIT ${MOST_KINDS}
      )
      SELECT present.kind, (
        SELECT created_at FROM ${entries} kind = present.kind ORDER BY created_at LIMIT 1
      ) AS oldest
      FROM present WHERE present.kind IS NOT NULL`,
    )
    .bind(first)
    .all<Kind>();
  return results;
}

interface Oldest {
  kind: number;
  before: number;
  isPulled: boolean;
  limit: number;
}

async function removeOldest(db: Database, { kind, before, isPulled, limit }: Oldest) {
  const { results } = await db
    .prepare(
      `SELECT seq, lower(hex(id)) AS id, octet_length(tags) AS bytes, ${isPulled ? IS_MEMBERS : "0"} AS isKept
      FROM ${entriesOf(isPulled)} kind = ?1 AND created_at < ?2 ORDER BY created_at LIMIT ?3`,
    )
    .bind(kind, before, limit)
    .all<{ seq: number; id: string; bytes: number; isKept: number }>();
  const step = takeStep(results, ({ isKept }) => isKept === 0);
  const [going, kept] = [0, 1].map((flag) => step.filter(({ isKept }) => isKept === flag)) as [
    typeof step,
    typeof step,
  ];
  const statements = [
    ...(going.length > 0 ? [deleteEvents(db, going)] : []),
    // So that no later run looks at them again.
    ...(kept.length > 0
      ? [
          adoptStatement(
            db,
            kept.map(({ id }) => id),
          ),
          // No client has published them now, so they are not published onward.
          db
            .prepare("DELETE FROM onward_adopted WHERE seq IN (SELECT value FROM json_each(?1))")
            .bind(JSON.stringify(kept.map(({ seq }) => seq))),
        ]
      : []),
  ];
  if (statements.length > 0) await db.batch(statements, { mayRepeat: true });
  return {
    removed: going.length,
    looked: step.length,
    more: step.length < results.length || step.length === limit,
  };
}

/**
 * SQL condition: the event is one of the relay's own, because its author is on the allow-list, or a recipient of a gift wrap
 * (NIP-59), whose author is a random key.
 */
const IS_MEMBERS = `(
  EXISTS (SELECT 1 FROM moderation WHERE list = 'allowed-pubkey' AND subject = lower(hex(event.pubkey)))
  OR (kind = ${GIFT_WRAP} AND EXISTS (
    SELECT 1 FROM json_each(event.tags) AS tag CROSS JOIN moderation
      ON list = 'allowed-pubkey' AND subject = tag.value ->> 1
    WHERE tag.value ->> 0 = 'p'
  ))
)`;
