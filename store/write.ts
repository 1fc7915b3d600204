/** One batch of events, one transaction: replacing (NIP-01), and deleting (NIP-09, NIP-62). */
import { deletionsOf, GIFT_WRAP } from "../nostr/deletion.ts";
import { type Event, newestFirst, versionKey } from "../nostr/event.ts";
import { expiresAt } from "../nostr/expiration.ts";
import { searchableText } from "../nostr/search.ts";
import { BANNED } from "./bans.ts";
import { costOf, type Database } from "./database.ts";
import { INDEX_TEXT } from "./search.ts";
import type { CommitResult, Fate } from "./store.ts";
import { APPLY_TOMBSTONES, BURIED, tombstoneRow } from "./tombstones.ts";

const LAST_SEQ = "SELECT coalesce(max(seq), 0) AS seq FROM event";

/** One row of the parameter is `eventRow`; a version is beaten by a newer one, or at the same second by a lower id. */
const DELETE_BEATEN = `
DELETE FROM event WHERE seq IN (
  SELECT old.seq
  FROM json_each(?1) AS new
  CROSS JOIN event AS old INDEXED BY event_version
    ON old.pubkey = unhex(new.value ->> 1) AND old.kind = new.value ->> 4 AND old.d = new.value -> 7
  WHERE old.d IS NOT NULL AND (
    old.created_at < new.value ->> 3
    OR (old.created_at = new.value ->> 3 AND old.id > unhex(new.value ->> 0))
  ) AND NOT ${BURIED} AND NOT ${BANNED}
)`;

const INSERT_NEW = `
INSERT INTO event (id, pubkey, sig, created_at, kind, tags, content, d, expires_at)
SELECT
  unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4,
  value -> 5, value -> 6, nullif(value -> 7, 'null'), value ->> 8
FROM json_each(?1) AS new
WHERE NOT ${BURIED} AND NOT ${BANNED}
ON CONFLICT DO NOTHING
RETURNING seq, lower(hex(id)) AS id`;

/** Why some are not there: what is neither banned nor buried has been superseded. A row of the parameter is a `gist`. */
const WHY_NOT = `
SELECT value ->> 0 AS id, ${BANNED} AS banned, ${BURIED} AS buried
FROM json_each(?1) AS new
WHERE NOT EXISTS (SELECT 1 FROM event WHERE id = unhex(value ->> 0)) OR ${BANNED}`;

export async function commitEvents(db: Database, events: Event[]): Promise<CommitResult> {
  const eventRows = bestVersionsFirst(events).map(eventRow);
  const rows = JSON.stringify(eventRows);
  const isFound = eventRows.some((row) => row[TEXT] !== "");
  const replaces = events.some((event) => versionKey(event) !== undefined);
  const tombstones = events.flatMap((event) =>
    deletionsOf(event).map((deletion) => tombstoneRow(event, deletion)),
  );
  const buried = JSON.stringify(tombstones);
  const statements = [
    // A place may have been emptied by a deletion since: nobody has to be told of an event that is gone.
    db.prepare(LAST_SEQ),
    ...(replaces ? [db.prepare(DELETE_BEATEN).bind(rows)] : []),
    db.prepare(INSERT_NEW).bind(rows),
  ];
  const inserting = statements.length - 1;
  if (isFound) statements.push(db.prepare(INDEX_TEXT).bind(rows));
  if (tombstones.length > 0) statements.push(...APPLY_TOMBSTONES.map((sql) => db.prepare(sql).bind(buried)));
  // In the same transaction: asked for later, the reasons could fail to come when the events have been stored.
  statements.push(db.prepare(WHY_NOT).bind(JSON.stringify(eventRows.map(gist))));
  const results = await db.batch<{ seq: number; id: string } & Reason>(statements);
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
  return { prev, last, fates, cost: costOf(results) };
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
    .prepare(`SELECT ${BURIED} AS buried FROM json_each(?1) AS new`)
    .bind(JSON.stringify([eventRow(event)]))
    .all<{ buried: number }>();
  return results[0]?.buried === 1;
}

export async function removeExpired(db: Database, now: number, limit: number) {
  const result = await db
    .prepare(
      `DELETE FROM event WHERE seq IN (
        SELECT seq FROM event INDEXED BY event_by_expiry WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2
      ) RETURNING seq`,
    )
    .bind(now, limit)
    .all();
  return { removed: result.results.length, cost: costOf([result]) };
}

interface Reason {
  banned: number;
  buried: number;
}

function fateOf({ banned, buried }: Reason): Fate {
  if (banned) return { kind: "banned" };
  return { kind: buried ? "deleted" : "superseded" };
}

/** Versions that meet in one batch go in best first, so that the others find it there; the order of the rest stays. */
function bestVersionsFirst(events: Event[]): Event[] {
  const versions = Map.groupBy(events, keyOf);
  for (const group of versions.values()) group.sort(newestFirst);
  return events.map((event) => versions.get(keyOf(event))?.shift() ?? event);
}

function keyOf(event: Event): string {
  const version = versionKey(event);
  return version === undefined ? event.id : `${event.pubkey} ${event.kind} ${version}`;
}

type EventRow = ReturnType<typeof eventRow>;

/** Where a row has what is searched. */
const TEXT = 9;

/** What the SQL reads by position. */
function eventRow(event: Event) {
  const { id, pubkey, sig, created_at, kind, tags, content } = event;
  return [
    id,
    pubkey,
    sig,
    created_at,
    kind,
    tags,
    content,
    versionKey(event) ?? null,
    expiresAt(event) ?? null,
    searchableText(event),
  ] as const;
}

/** The row without what is long: SQLite parses it anew for each column. Only gift wraps are judged by their tags. */
function gist([id, pubkey, , created_at, kind, tags, , d]: EventRow) {
  return [id, pubkey, null, created_at, kind, kind === GIFT_WRAP ? tags : [], null, d];
}
