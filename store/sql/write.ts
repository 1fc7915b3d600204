/** Stores one batch of events in one transaction, with replacement (NIP-01) and deletion (NIP-09, NIP-62). */
import { type Event, newestFirst, versionKey } from "../../nostr/event.ts";
import { BANNED } from "../moderation/bans.ts";
import type { Database, Statement } from "../database/database.ts";
import { OUTDATED } from "../removal/expired.ts";
import { EVENT, eventRow, gist, textRow } from "../database/rows.ts";
import { INDEX_TEXT } from "../walks/search.ts";
import { adoptStatement } from "../removal/prune.ts";
import type { CommitResult, Fate, Origin } from "../store.ts";
import { DELETED, deletionStatements, unfinishedStatement } from "../removal/tombstones.ts";

/** The origin of events that clients of this relay have published. */
export const CLIENTS: Origin = { isPulled: false };

const LAST_SEQ = "SELECT coalesce(max(seq), 0) AS seq FROM event";

/**
 * Deletes versions that the events of the parameter (`gist`) replace: newer ones or, at the same second, lower
 * ids.
 */
const DELETE_BEATEN = `
DELETE FROM event WHERE seq IN (
  SELECT old.seq
  FROM json_each(?1) AS new
  CROSS JOIN event AS old INDEXED BY event_version
    ON old.pubkey = unhex(new.value ->> ${EVENT.pubkey}) AND old.kind = new.value ->> ${EVENT.kind} AND old.d = new.value -> ${EVENT.d}
  WHERE old.d IS NOT NULL AND (
    old.created_at < new.value ->> ${EVENT.created_at}
    OR (old.created_at = new.value ->> ${EVENT.created_at} AND old.id > unhex(new.value ->> ${EVENT.id}))
  ) AND NOT ${DELETED} AND NOT ${BANNED}
)`;

/** Stores events. `positions`: ?3 is a JSON list of their log positions, and one that is taken is an error. */
const insertNew = (positions: boolean): string => `
INSERT INTO event (${positions ? "seq, " : ""}id, pubkey, sig, created_at, kind, tags, content, d, expires_at, pulled)
SELECT
  ${positions ? "?3 ->> new.key, " : ""}unhex(value ->> ${EVENT.id}),
  unhex(value ->> ${EVENT.pubkey}),
  unhex(value ->> ${EVENT.sig}),
  value ->> ${EVENT.created_at},
  value ->> ${EVENT.kind},
  value -> ${EVENT.tags},
  value -> ${EVENT.content},
  nullif(value -> ${EVENT.d}, 'null'),
  value ->> ${EVENT.expires_at},
  ?2
FROM json_each(?1) AS new
WHERE NOT ${DELETED} AND NOT ${BANNED} AND NOT ${OUTDATED}
${positions ? "ON CONFLICT (id) DO NOTHING ON CONFLICT (pubkey, kind, d) WHERE d IS NOT NULL" : "ON CONFLICT"} DO NOTHING
RETURNING seq, lower(hex(id)) AS id`;

/** Looking whether a position is free costs a row. */
const INSERT_NEXT = insertNew(false);
const INSERT_AT = insertNew(true);

/** Finds out why events (`gist`) were not stored. An event that is neither banned nor deleted was superseded. */
const WHY_NOT = `
SELECT value ->> ${EVENT.id} AS id, ${BANNED} AS banned, ${DELETED} AS deleted
FROM json_each(?1) AS new
WHERE NOT EXISTS (SELECT 1 FROM event WHERE id = unhex(value ->> ${EVENT.id})) OR ${BANNED}`;

/**
 * The log is not numbered below this again. So many, because hubs may know of more events than the one that commits, and must
 * not take the new ones for those that they have delivered.
 */
const MOVE =
  "UPDATE sqlite_sequence SET seq = ?1 + 1000000000 WHERE name = 'event' AND seq < ?1 + 1000000000";
const TAKE_BACK = "DELETE FROM event WHERE seq > ?1 AND seq <= ?2";

/** Ends the transaction if one of these positions has been given up (`shard.ts`). */
function admission(db: Database, positions: readonly number[]): Statement {
  return db.prepare("INSERT INTO admission (first) VALUES (?1)").bind(Math.min(...positions));
}

export async function commitEvents(
  db: Database,
  events: Event[],
  origin: Origin = CLIENTS,
): Promise<CommitResult> {
  const { head = 0, positions } = origin;
  if (positions) return commitOnce(db, events, origin, [admission(db, positions)]);
  const result = await commitOnce(db, events, origin);
  const { prev, last } = result;
  if (last === prev || last > head) return result;
  // No number is used twice, so the database has been restored to an earlier state.
  const move = [db.prepare(MOVE).bind(head), db.prepare(TAKE_BACK).bind(prev, last)];
  return commitOnce(db, events, origin, move);
}

async function commitOnce(
  db: Database,
  events: Event[],
  { isPulled, positions }: Origin,
  first: Statement[] = [],
): Promise<CommitResult> {
  const inOrder = bestVersionsFirst(events);
  const rows = JSON.stringify(inOrder.map(eventRow));
  const texts = inOrder.map(textRow).filter((row) => row !== undefined);
  const versions = inOrder.filter((event) => versionKey(event) !== undefined);
  const deletions = deletionStatements(db, events, positions !== undefined);
  const statements = [
    // Lower than before if the newest events were deleted since. Deleted events need not be delivered.
    db.prepare(LAST_SEQ),
    ...deletions.before,
    ...(versions.length > 0 ? [db.prepare(DELETE_BEATEN).bind(JSON.stringify(versions.map(gist)))] : []),
    positions
      ? db.prepare(INSERT_AT).bind(rows, Number(isPulled), JSON.stringify(positions))
      : db.prepare(INSERT_NEXT).bind(rows, Number(isPulled)),
  ];
  const inserting = statements.length - 1;
  if (texts.length > 0) statements.push(db.prepare(INDEX_TEXT).bind(JSON.stringify(texts)));
  if (!isPulled) {
    statements.push(
      adoptStatement(
        db,
        events.map(({ id }) => id),
      ),
    );
  }
  statements.push(...deletions.after);
  const hasDeletions = deletions.after.length > 0;
  if (hasDeletions) statements.push(unfinishedStatement(db, events));
  // In the same transaction. A later query could fail although the events are stored.
  statements.push(db.prepare(WHY_NOT).bind(JSON.stringify(inOrder.map(gist))));
  const options = { mayRepeat: true };
  const all = await db.batch<{ seq: number; id: string } & Reason>([...first, ...statements], options);
  const results = all.slice(first.length);
  const prev = results[0]?.results[0]?.seq ?? 0;
  const seqs = new Map(results[inserting]?.results.map(({ id, seq }) => [id, seq]));
  const last = Math.max(prev, ...seqs.values());
  const reasons = new Map(results.at(-1)?.results.map((row) => [row.id, fateOf(row)]));
  const fates = events.map(({ id }): Fate => {
    const seq = seqs.get(id);
    if (seq === undefined) return reasons.get(id) ?? { kind: "duplicate" };
    seqs.delete(id);
    return { kind: "stored", seq };
  });
  const unfinished = hasDeletions ? (results.at(-2)?.results ?? []).map(({ id }) => id) : [];
  const isRepeated = (results[0]?.meta.total_attempts ?? 1) > 1;
  return { prev, last, fates, unfinished, isRepeated };
}

export async function knownIds(db: Database, ids: string[]): Promise<Set<string>> {
  const { results } = await db
    .prepare("SELECT lower(hex(id)) AS id FROM event WHERE id IN (SELECT unhex(value) FROM json_each(?1))")
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

export async function isDeleted(db: Database, event: Event): Promise<boolean> {
  const { results } = await db
    .prepare(`SELECT ${DELETED} AS deleted FROM json_each(?1) AS new`)
    .bind(JSON.stringify([gist(event)]))
    .all<{ deleted: number }>();
  return results[0]?.deleted === 1;
}

interface Reason {
  banned: number;
  deleted: number;
}

function fateOf({ banned, deleted }: Reason): Fate {
  if (banned) return { kind: "banned" };
  return { kind: deleted ? "deleted" : "superseded" };
}

/**
 * Puts the best of several versions in one batch first, so that the others are superseded. Other events keep their
 * order.
 */
function bestVersionsFirst(events: Event[]): Event[] {
  const versions = Map.groupBy(events, keyOf);
  for (const group of versions.values()) group.sort(newestFirst);
  return events.map((event) => versions.get(keyOf(event))?.shift() ?? event);
}

function keyOf(event: Event): string {
  const version = versionKey(event);
  return version === undefined ? event.id : `${event.pubkey} ${event.kind} ${version}`;
}
