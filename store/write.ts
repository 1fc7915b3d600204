/** One batch of events, one transaction (NIP-01: replacing). */
import { type Event, newestFirst, versionKey } from "../nostr/event.ts";
import { costOf, type Database } from "./database.ts";
import type { CommitResult, Fate } from "./store.ts";

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
  )
)`;

const INSERT_NEW = `
INSERT INTO event (id, pubkey, sig, created_at, kind, tags, content, d)
SELECT
  unhex(value ->> 0), unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4,
  value -> 5, value -> 6, nullif(value -> 7, 'null')
FROM json_each(?1)
WHERE true
ON CONFLICT DO NOTHING
RETURNING seq, lower(hex(id)) AS id`;

export async function commitEvents(db: Database, events: Event[]): Promise<CommitResult> {
  const chosen = newestVersions(events);
  const rows = JSON.stringify(chosen.map(eventRow));
  const replaces = chosen.some((event) => versionKey(event) !== undefined);
  const results = await db.batch<{ seq: number; id: string }>([
    // A place may have been emptied by a deletion since: nobody has to be told of an event that is gone.
    db.prepare(LAST_SEQ),
    ...(replaces ? [db.prepare(DELETE_BEATEN).bind(rows)] : []),
    db.prepare(INSERT_NEW).bind(rows),
  ]);
  const cost = costOf(results);
  const prev = results[0]?.results[0]?.seq ?? 0;
  const seqs = new Map(results.at(-1)?.results.map(({ id, seq }) => [id, seq]));
  const others = events.filter(({ id }) => !seqs.has(id)).map(({ id }) => id);
  const stored = others.length > 0 ? await knownIds(db, others) : new Set<string>();
  const fates = events.map(({ id }): Fate => {
    const seq = seqs.get(id);
    if (seq === undefined) return { kind: stored.has(id) ? "duplicate" : "superseded" };
    seqs.delete(id);
    stored.add(id);
    return { kind: "stored", seq };
  });
  return {
    prev,
    last: Math.max(prev, ...fates.map((fate) => (fate.kind === "stored" ? fate.seq : 0))),
    fates,
    cost,
  };
}

export async function knownIds(db: Database, ids: string[]): Promise<Set<string>> {
  const { results } = await db
    .prepare("SELECT lower(hex(id)) AS id FROM event WHERE id IN (SELECT unhex(value) FROM json_each(?1))")
    .bind(JSON.stringify(ids))
    .all<{ id: string }>();
  return new Set(results.map(({ id }) => id));
}

/** Versions that meet in one batch are settled here; the order of the rest stays. */
function newestVersions(events: Event[]): Event[] {
  const newest = new Map<string, Event>();
  for (const event of events) {
    const key = batchKey(event);
    const other = newest.get(key);
    if (!other || newestFirst(event, other) < 0) newest.set(key, event);
  }
  return events.filter((event) => newest.get(batchKey(event)) === event);
}

function batchKey(event: Event): string {
  const version = versionKey(event);
  return version === undefined ? event.id : `${event.pubkey} ${event.kind} ${version}`;
}

/** What the SQL above reads by position. */
function eventRow(event: Event) {
  const { id, pubkey, sig, created_at, kind, tags, content } = event;
  return [id, pubkey, sig, created_at, kind, tags, content, versionKey(event) ?? null];
}
