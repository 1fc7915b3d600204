/** Checks what a stopped relay has on the disk, without the relay. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Bundle } from "../../aggregator/queue/bundle.ts";
import {
  cursorOf,
  type FilterCursor,
  NEW_CURSOR,
  readCursor,
} from "../../store/upstreams/upstream-cursor.ts";
import { type Event, newestFirst } from "../../nostr/event.ts";
import { searchableText } from "../../nostr/search.ts";
import type { Upstream } from "./kill-upstreams.ts";
import type { Ledger } from "./kill-writers.ts";

export interface Disk {
  db: DatabaseSync;
  [Symbol.dispose](): void;
}

const EVENTS_FOLDER = "d1/miniflare-D1DatabaseObject";
export const QUEUE_FOLDER = "do/tributary-local-queue-LocalQueueObject";

/** Opens a copy of the events, so that the relay's own file does not change. */
export function openEvents(state: string, runtime = "workerd"): Disk {
  return runtime === "workerd" ? openLocal(join(state, EVENTS_FOLDER)) : openCopy(state, "relay.sqlite");
}

/** Opens a copy of the queue. */
export function openQueue(state: string, runtime = "workerd"): Disk {
  return runtime === "workerd" ? openLocal(join(state, QUEUE_FOLDER)) : openCopy(state, "queue.sqlite");
}

function openLocal(folder: string): Disk {
  const name = readdirSync(folder).find((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  if (name === undefined) throw new Error(`there is no database in ${folder}`);
  return openCopy(folder, name);
}

function openCopy(folder: string, name: string): Disk {
  const copy = mkdtempSync(join(tmpdir(), "tributary-disk-"));
  // With the write-ahead log, which has the last commits.
  for (const file of readdirSync(folder))
    if (file.startsWith(name)) cpSync(join(folder, file), join(copy, file));
  const db = new DatabaseSync(join(copy, name));
  return {
    db,
    [Symbol.dispose]() {
      db.close();
      rmSync(copy, { recursive: true });
    },
  };
}

/** Returns a sentence for each event that is lost or has come back, and for each contradiction. */
export function problemsOf({ db }: Disk, ledger: Ledger, now: number): string[] {
  return [...againstLedger(db, ledger, now), ...againstItself(db)];
}

/** Returns how many interrupted removals are not finished. */
export function unfinished({ db }: Disk): number {
  return rows(db, "SELECT 1 FROM vanishing UNION ALL SELECT 1 FROM deleting").length;
}

/** The state of pulling, as a stopped relay has it on the disk. */
export interface Pulled {
  /** A sentence for each lost event: the cursor has passed it, but it is neither stored nor on the queue. */
  problems: string[];
  /** Addresses of upstreams that are not completely pulled. */
  unfinished: string[];
  /** Number of pulls that were running. */
  running: number;
  /** Number of messages on the queue. */
  waiting: number;
}

export function pulledOf(
  { db }: Disk,
  { db: queue }: Disk,
  upstreams: readonly Pick<Upstream, "url" | "events" | "addedAt">[],
): Pulled {
  const bodies = rows(queue, "SELECT body FROM message").map(
    ({ body }) => JSON.parse(String(body)) as Bundle,
  );
  const queued = bodies.flatMap(({ events }) => events as Event[]).map(({ id }) => id);
  const safe = new Set([
    ...queued,
    ...rows(db, "SELECT lower(hex(id)) AS id FROM event").map(({ id }) => id),
  ]);
  const rowOf = new Map(rows(db, "SELECT * FROM upstream").map((row) => [row["url"], row]));
  const pulled: Pulled = { problems: [], unfinished: [], running: 0, waiting: bodies.length };
  for (const { url, events, addedAt } of upstreams) {
    const row = rowOf.get(url);
    const cursor = cursorOf(row ? readCursor(String(row["cursor"])) : NEW_CURSOR, {});
    if (row && row["leased_until"] !== 0) pulled.running += 1;
    // A later comparison finds what an upstream got after the one that ended last.
    const isLater = ({ id }: Event) => (addedAt?.get(id) ?? -1) >= (cursor.slices?.at ?? 0);
    if (cursor.pulledTo === undefined || cursor.pending.length > 0 || events.some(isLater))
      pulled.unfinished.push(url);
    for (const { id, created_at } of events.filter((event) => !isLater(event))) {
      if (hasPassed(cursor, created_at) && !safe.has(id))
        pulled.problems.push(`passed by the cursor of ${url}, and lost: ${id}`);
    }
  }
  return pulled;
}

function hasPassed({ pulledTo = -1, pending }: FilterCursor, time: number): boolean {
  const isInGap = pending.some(({ since, until = Infinity }) => time >= since && time <= until);
  return time <= pulledTo && !isInGap;
}

/** Returns the number of counters. Without any, there is nothing to compare. */
export function countersKept({ db }: Disk): number {
  return rows(db, "SELECT 1 FROM counter").length;
}

function againstLedger(db: DatabaseSync, ledger: Ledger, now: number): string[] {
  const stored = new Map(eventsIn(db).map((event) => [event.id, event]));
  const problems: string[] = [];
  for (const { id, kind } of ledger.kept.values()) {
    if (!stored.has(id)) problems.push(`acknowledged, and lost: ${id} of kind ${kind}`);
  }
  for (const [id, expiresAt] of ledger.expiring) {
    // The relay may remove it from the second of its expiration on.
    if (expiresAt > now && !stored.has(id)) problems.push(`acknowledged, and lost before it expired: ${id}`);
  }
  for (const id of ledger.gone) {
    if (stored.has(id)) problems.push(`deleted, and there: ${id} of kind ${stored.get(id)?.kind}`);
  }
  const versions = Map.groupBy(stored.values(), addressOf);
  for (const [address, best] of ledger.versions) {
    const there = versions.get(address) ?? [];
    if (there.length !== 1) problems.push(`${there.length} versions of ${address}`);
    if (there.some((version) => newestFirst(best, version) < 0))
      problems.push(`an older version of ${address}`);
  }
  for (const [pubkey, until] of ledger.vanished) {
    for (const event of stored.values()) {
      const isTheirs = event.pubkey === pubkey && event.kind !== 62;
      const isForThem = event.kind === 1059 && event.tags.some(([p, key]) => p === "p" && key === pubkey);
      if ((isTheirs || isForThem) && event.created_at <= until)
        problems.push(`vanished, and there: ${event.id}`);
    }
  }
  return problems;
}

function againstItself(db: DatabaseSync): string[] {
  const problems: string[] = [];
  const none = (what: string, sql: string) => {
    const found = rows(db, sql);
    if (found.length > 0) problems.push(`${found.length} ${what}: ${JSON.stringify(found[0])}`);
  };
  none(
    "rows of tags too many",
    `SELECT hex(key), seq FROM (SELECT ${TAG} FROM tag EXCEPT SELECT ${TAG} FROM event_tag)`,
  );
  none(
    "rows of tags missing",
    `SELECT hex(key), seq FROM (SELECT ${TAG} FROM event_tag EXCEPT SELECT ${TAG} FROM tag)`,
  );
  none("counters that are wrong", WRONG_COUNTERS);
  none("registers that are wrong", WRONG_REGISTERS);
  none("faults of the file", "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
  const terms = new Map(eventsIn(db).map((event) => [event.seq, searchableText(event)]));
  const expected = [...terms].filter(([, text]) => text !== "").map(([seq]) => seq);
  const indexed = rows(db, "SELECT id FROM search_docsize ORDER BY id").map(({ id }) => Number(id));
  if (!isSame(indexed, expected))
    problems.push(`${indexed.length} texts are indexed, and ${expected.length} are stored`);
  for (const word of ["heron", "curlew"]) {
    const found = rows(db, `SELECT rowid AS seq FROM search WHERE search MATCH '"${word}"' ORDER BY rowid`);
    const holding = expected.filter((seq) => terms.get(seq)?.split(" ").includes(word));
    const seqs = found.map(({ seq }) => Number(seq));
    if (!isSame(seqs, holding))
      problems.push(`${word} is found in ${seqs.length} texts, and in ${holding.length} it is`);
  }
  return problems;
}

const TAG = "private, key, created_at, seq, kind";

const WRONG_COUNTERS = `
SELECT kind, events, (
  SELECT count(*) FROM tag JOIN event ON event.seq = tag.seq WHERE tag.key = counter.key AND event.kind = counter.kind
) AS counted
FROM counter WHERE events <> counted`;

/** A register that is marked as unsure may be too high. */
const WRONG_REGISTERS = `
SELECT key, kind, register, best, kept FROM (
  SELECT counter.kind, hex(counter.key) AS key, its.register, max(its.value) AS best,
    substr(counter.registers, 2 * its.register + 1, 2) AS kept,
    counter.unsure LIKE '%[' || its.register || ']%' AS is_unsure
  FROM counter
  JOIN tag ON tag.key = counter.key
  JOIN contribution AS its ON its.seq = tag.seq AND its.key = counter.key AND its.kind = counter.kind
  GROUP BY counter.key, counter.kind, its.register
)
WHERE iif(is_unsure, kept < best, kept <> best)`;

function eventsIn(db: DatabaseSync): (Event & { seq: number })[] {
  const found = rows(
    db,
    `SELECT seq, lower(hex(id)) AS id, lower(hex(pubkey)) AS pubkey, created_at, kind, tags, content ->> '$' AS content
    FROM event ORDER BY seq`,
  );
  return found.map(
    (row) =>
      ({ ...row, tags: JSON.parse(String(row["tags"])) as string[][] }) as unknown as Event & { seq: number },
  );
}

function addressOf({ kind, pubkey, tags }: Event): string {
  return `${kind}:${pubkey}:${tags.find(([name]) => name === "d")?.[1] ?? ""}`;
}

function rows(db: DatabaseSync, sql: string): Record<string, unknown>[] {
  return db.prepare(sql).all() as Record<string, unknown>[];
}

function isSame(a: number[], b: number[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
