/** Deletions in SQL: they remove events, and tombstones refuse these events if they come again (NIP-09, NIP-62). */
import { deletionsOf } from "../../nostr/deletion.ts";
import type { Event } from "../../nostr/event.ts";
import { DELETION, GIFT_WRAP, VANISH } from "../../nostr/kinds.ts";
import type { Database, Statement } from "../database/database.ts";
import {
  EVENT_COST,
  EVENTS_BY,
  PRIVATE_EVENTS_NAMING,
  type Pause,
  removeAlong,
  STEP_COST,
} from "./removal.ts";
import { EVENT, TOMBSTONE, tombstoneRow } from "../database/rows.ts";

/** SQL condition: the event in the row `new` (`eventRow`) was deleted before it arrived. */
export const DELETED = `(
  EXISTS (
    SELECT 1 FROM tombstone AS t
    WHERE t.pubkey = unhex(new.value ->> ${EVENT.pubkey}) AND t.until >= new.value ->> ${EVENT.created_at}
      AND t.target IN ('', unhex(new.value ->> ${EVENT.id}), (new.value ->> ${EVENT.kind}) || ':' || (new.value -> ${EVENT.d}))
      AND new.value ->> ${EVENT.kind} NOT IN (${VANISH}, iif(t.target = '', ${VANISH}, ${DELETION}))
  )
  OR (new.value ->> ${EVENT.kind} = ${GIFT_WRAP} AND EXISTS (
    SELECT 1 FROM json_each(new.value -> ${EVENT.tags}) AS p
    CROSS JOIN tombstone AS t ON t.pubkey = unhex(p.value ->> 1)
    WHERE p.value ->> 0 = 'p' AND t.target IN ('', unhex(new.value ->> ${EVENT.id}))
      AND t.until >= new.value ->> ${EVENT.created_at}
  ))
)`;

/**
 * SQL condition on a row `t` (`tombstoneRow`): its deletion is stored. Otherwise it has no effect. A row without a deletion is
 * from another database, which has stored it.
 */
const STORED = `(t.value ->> ${TOMBSTONE.deletion} IS NULL
  OR EXISTS (SELECT 1 FROM event WHERE id = unhex(t.value ->> ${TOMBSTONE.deletion})))`;
/** The index key of the p tags that name the author of the deletion. */
const P_TAG = `unhex('70' || (t.value ->> ${TOMBSTONE.author}))`;

/**
 * The events that deletions name by id, and the versions that they name by address. `t` is the deletion, `e` the
 * event.
 */
const NAMED_EVENTS = `
json_each(?1) AS t CROSS JOIN event AS e ON e.id = unhex(t.value ->> ${TOMBSTONE.id})
WHERE ${STORED} AND e.kind NOT IN (${DELETION}, ${VANISH}) AND (
  e.pubkey = unhex(t.value ->> ${TOMBSTONE.author})
  OR (e.kind = ${GIFT_WRAP} AND EXISTS (
    SELECT 1 FROM tag WHERE private = 1 AND key = ${P_TAG} AND created_at = e.created_at AND seq = e.seq
  ))
)`;
const NAMED_VERSIONS = `
json_each(?1) AS t CROSS JOIN event AS e INDEXED BY event_version
  ON e.pubkey = unhex(t.value ->> ${TOMBSTONE.author}) AND e.kind = t.value ->> ${TOMBSTONE.kind} AND e.d = t.value -> ${TOMBSTONE.d}
WHERE ${STORED} AND e.d IS NOT NULL AND e.created_at <= t.value ->> ${TOMBSTONE.until}`;

/** Removes as many of these events as one step may. */
function removeSome(named: string): string {
  const inOrder = "OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING)";
  return `
  DELETE FROM event WHERE seq IN (
    SELECT seq FROM (
      SELECT seq, sum(cost) ${inOrder} AS total, row_number() ${inOrder} AS nth
      FROM (SELECT DISTINCT e.seq, ${EVENT_COST} + octet_length(e.tags) AS cost FROM ${named})
    ) WHERE nth = 1 OR total <= ${STEP_COST}
  ) RETURNING seq`;
}

const KEEP_OUT = `
INSERT INTO tombstone (pubkey, target, until)
SELECT
  unhex(t.value ->> ${TOMBSTONE.author}),
  coalesce(unhex(t.value ->> ${TOMBSTONE.id}), t.value ->> ${TOMBSTONE.target}),
  t.value ->> ${TOMBSTONE.until}
FROM json_each(?1) AS t WHERE ${STORED}
ON CONFLICT DO UPDATE SET until = max(until, excluded.until)`;

const ONE_STEP = [KEEP_OUT, removeSome(NAMED_EVENTS), removeSome(NAMED_VERSIONS)];

const BEGIN_VANISHING = `INSERT INTO vanishing (pubkey, until)
  SELECT unhex(t.value ->> ${TOMBSTONE.author}), t.value ->> ${TOMBSTONE.until}
  FROM json_each(?1) AS t WHERE ${STORED} AND t.value ->> ${TOMBSTONE.target} = ''
  ON CONFLICT DO UPDATE SET until = max(until, excluded.until)`;

/**
 * Applies deletions, in one transaction, after they are stored. Large removals, for which others would have to wait, are
 * left to `removeVanished` and `finishDeletion`.
 */
const APPLY_TOMBSTONES = [
  ...ONE_STEP,

  `INSERT OR IGNORE INTO deleting (id)
  SELECT unhex(t.value ->> ${TOMBSTONE.deletion}) FROM ${NAMED_EVENTS}
  UNION SELECT unhex(t.value ->> ${TOMBSTONE.deletion}) FROM ${NAMED_VERSIONS}`,

  BEGIN_VANISHING,
];

/** A deletion that names more than this is applied in steps. */
const NAMED_AT_ONCE = 100;

/** Marks long deletions, given by id, as unfinished. A deletion that is already stored is not marked again. */
const BEGIN_DELETING = `
INSERT OR IGNORE INTO deleting (id)
SELECT unhex(value) FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM event WHERE id = unhex(value))`;
const NOT_STORED = `
DELETE FROM deleting WHERE id IN (SELECT unhex(value) FROM json_each(?1))
AND NOT EXISTS (SELECT 1 FROM event WHERE event.id = deleting.id)`;

/** What a deletion or a request to vanish asks of the other databases. */
export interface Spreading {
  /** The id of the event that asks for it. */
  id: string;
  /** JSON: a list of rows (`tombstoneRow`). */
  asked: string;
}

const BEGIN_SPREADING = `
INSERT OR IGNORE INTO spreading (id, asked)
SELECT unhex(value ->> 0), value ->> 1 FROM json_each(?1)
WHERE NOT EXISTS (SELECT 1 FROM event WHERE id = unhex(value ->> 0))`;
const NOT_SPREADING = `
DELETE FROM spreading WHERE id IN (SELECT unhex(value ->> 0) FROM json_each(?1))
AND NOT EXISTS (SELECT 1 FROM event WHERE event.id = spreading.id)`;

/**
 * Returns what an event asks of the databases of other authors: they may hold gift wraps that it names. Undefined if it asks
 * for nothing there.
 */
export function spreadingOf(event: Event): (Spreading & { pubkey: string }) | undefined {
  const deletions = deletionsOf(event).filter(({ kind }) => kind !== "versions");
  if (deletions.length === 0) return undefined;
  const rows = deletions.map((deletion) => tombstoneRow({ pubkey: event.pubkey }, deletion));
  return { id: event.id, pubkey: event.pubkey, asked: JSON.stringify(rows) };
}

/** Returns whether an event names so much that it is carried out apart from its commit. */
export function isLongDeletion(event: Event): boolean {
  return deletionsOf(event).length > NAMED_AT_ONCE;
}

/** Returns what is still to be carried out by the other databases. */
export async function readSpreading(db: Database): Promise<Spreading[]> {
  const { results } = await db.prepare("SELECT lower(hex(id)) AS id, asked FROM spreading").all<Spreading>();
  return results;
}

/** All other databases have carried these out. */
export async function endSpreading(db: Database, ids: string[]): Promise<void> {
  const statement = db.prepare("DELETE FROM spreading WHERE id IN (SELECT unhex(value) FROM json_each(?1))");
  await db.batch([statement.bind(JSON.stringify(ids))], { mayRepeat: true });
}

/** Carries out what events of other databases ask for, in steps: keeps events out, and removes those that are named by id. */
export async function carryOut(
  db: Database,
  spreading: Pick<Spreading, "asked">[],
  pause: Pause,
): Promise<void> {
  const rows = spreading.flatMap(({ asked }) => JSON.parse(asked) as unknown[][]);
  await removeNamed(db, rows, pause, [BEGIN_VANISHING]);
}

/** Returns the statements that a commit of these events runs before it stores them, and after. */
export function deletionStatements(
  db: Database,
  events: Event[],
  hasOthers: boolean,
): { before: Statement[]; after: Statement[] } {
  const deletions = events
    .map((event) => deletionsOf(event).map((deletion) => tombstoneRow(event, deletion)))
    .filter((rows) => rows.length > 0);
  const short = deletions.filter((rows) => rows.length <= NAMED_AT_ONCE).flat();
  const long = JSON.stringify(
    deletions.filter((rows) => rows.length > NAMED_AT_ONCE).map(([row]) => row?.[0]),
  );
  const before: Statement[] = [];
  const after: Statement[] = [];
  if (long !== "[]") {
    before.push(db.prepare(BEGIN_DELETING).bind(long));
    after.push(db.prepare(NOT_STORED).bind(long));
  }
  const spreading = hasOthers ? events.flatMap((event) => spreadingOf(event) ?? []) : [];
  if (spreading.length > 0) {
    const list = JSON.stringify(spreading.map(({ id, asked }) => [id, asked]));
    before.push(db.prepare(BEGIN_SPREADING).bind(list));
    after.push(db.prepare(NOT_SPREADING).bind(list));
  }
  if (short.length > 0) {
    const rows = JSON.stringify(short);
    after.push(...APPLY_TOMBSTONES.map((sql) => db.prepare(sql).bind(rows)));
  }
  return { before, after };
}

/** Returns a statement that lists the unfinished deletions among these events. */
export function unfinishedStatement(db: Database, events: Event[]): Statement {
  const ids = events.filter(({ kind }) => kind === DELETION).map(({ id }) => id);
  return db
    .prepare("SELECT lower(hex(id)) AS id FROM deleting WHERE id IN (SELECT unhex(value) FROM json_each(?1))")
    .bind(JSON.stringify(ids));
}

export async function unfinishedDeletions(db: Database): Promise<string[]> {
  const { results } = await db.prepare("SELECT lower(hex(id)) AS id FROM deleting").all<{ id: string }>();
  return results.map(({ id }) => id);
}

/** Finishes a deletion, in steps. It may be interrupted; anyone may run it again at any time. */
export async function finishDeletion(db: Database, id: string, pause: Pause): Promise<void> {
  const asked = await db
    .prepare(
      `SELECT lower(hex(event.pubkey)) AS pubkey, created_at, kind, tags
      FROM deleting JOIN event ON event.id = deleting.id WHERE deleting.id = unhex(?1)`,
    )
    .bind(id)
    .all<Pick<Event, "pubkey" | "created_at" | "kind"> & { tags: string }>();
  const rows = asked.results.flatMap(({ tags, ...event }) =>
    deletionsOf({ ...event, tags: JSON.parse(tags) as string[][] }).map((deletion) =>
      tombstoneRow({ id, pubkey: event.pubkey }, deletion),
    ),
  );
  await removeNamed(db, rows, pause);
  await db.batch([db.prepare("DELETE FROM deleting WHERE id = unhex(?1)").bind(id)], { mayRepeat: true });
}

/** Removes what rows (`tombstoneRow`) name, in steps, and keeps it out. */
async function removeNamed(
  db: Database,
  rows: unknown[][],
  pause: Pause,
  more: readonly string[] = [],
): Promise<void> {
  while (rows.length > 0) {
    const some = JSON.stringify(rows.slice(0, NAMED_AT_ONCE));
    const statements = [...ONE_STEP, ...more].map((sql) => db.prepare(sql).bind(some));
    const step = await db.batch(statements, { mayRepeat: true });
    // As long as a step removes something, there may be more.
    if (step.every(({ results }) => results.length === 0)) rows.splice(0, NAMED_AT_ONCE);
    await pause();
  }
}

export async function vanishingAuthors(db: Database): Promise<string[]> {
  const { results } = await db
    .prepare("SELECT lower(hex(pubkey)) AS pubkey FROM vanishing")
    .all<{ pubkey: string }>();
  return results.map(({ pubkey }) => pubkey);
}

const FORGET_EXPIRED = "DELETE FROM expired_version WHERE pubkey = unhex(?1) AND created_at <= ?2";

/**
 * Removes an author's events and the gift wraps that name the author. It may be interrupted; anyone may run it again at
 * any time.
 */
export async function removeVanished(db: Database, pubkey: string, pause: Pause): Promise<void> {
  const asked = await db
    .prepare("SELECT until FROM vanishing WHERE pubkey = unhex(?1)")
    .bind(pubkey)
    .all<{ until: number }>();
  const until = asked.results[0]?.until;
  if (until === undefined) return;
  const own = { pubkey, until, goes: (kind: number) => kind !== VANISH };
  const wraps = { pubkey, until, goes: (kind: number) => kind === GIFT_WRAP };
  for (const walk of EVENTS_BY) await removeAlong(db, walk, own, pause);
  await pause();
  await removeAlong(db, PRIVATE_EVENTS_NAMING, wraps, pause);
  const last = [
    // No longer needed: the tombstone refuses the same events.
    db.prepare(FORGET_EXPIRED).bind(pubkey, until),
    // Not if the author has asked again meanwhile, with a later time.
    db.prepare("DELETE FROM vanishing WHERE pubkey = unhex(?1) AND until = ?2").bind(pubkey, until),
  ];
  await db.batch(last, { mayRepeat: true });
}
