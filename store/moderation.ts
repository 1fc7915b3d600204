/** What the operators decided (NIP-86), over D1 or any SQLite. Bans themselves are kept by `bans.ts`. */
import type { Database, Statement } from "./database.ts";
import { removeEventsOf, reportedEvents } from "./bans.ts";

export type ListName =
  | "banned-pubkey"
  | "allowed-pubkey"
  | "banned-event"
  | "allowed-event"
  | "allowed-kind"
  | "disallowed-kind"
  | "blocked-ip";

export interface ListEntry {
  subject: string;
  reason: string;
}

export interface Role {
  id: string;
  label: string;
  description: string;
  /** A hue from 0 to 360. */
  color: number | null;
  order: number | null;
}

export type Change =
  | { do: "add"; list: ListName; subject: string; reason: string }
  | { do: "remove"; list: ListName; subject: string }
  /** Lifts what disallows the kind; without that, or where only some kinds are taken, this is one of them. */
  | { do: "allow-kind"; kind: string; reason: string }
  | { do: "set"; setting: string; value: string }
  | { do: "remove-event"; id: string }
  | { do: "put-role"; role: Role }
  | { do: "delete-role"; id: string }
  | { do: "assign" | "unassign"; role: string; pubkey: string };

/** One line of the audit log. */
export interface AuditEntry {
  /** Unix seconds. */
  at: number;
  pubkey: string;
  method: string;
  params: unknown[];
  /** "done", or why nothing was done. */
  outcome: string;
}

/** What is small enough to be kept in memory. */
export interface ModerationRecord {
  /** Grows with every change. */
  revision: number;
  settings: Record<string, string>;
  allowedKinds: number[];
  disallowedKinds: number[];
  blockedIps: string[];
}

/** A ban is stronger than being on the list of those allowed. Undefined: neither. */
export type Standing = "banned" | "allowed" | undefined;

export interface ModerationStore {
  /** One row read. */
  revision(): Promise<number>;
  load(): Promise<ModerationRecord>;
  /** Of those keys that have one. */
  standings(pubkeys: string[]): Promise<Map<string, Standing>>;
  /** The latest first. */
  list(name: ListName): Promise<ListEntry[]>;
  roles(): Promise<(Role & { members: string[] })[]>;
  /** Stored events that were reported (NIP-56) and not yet decided on, at most `limit`: the last reported first. */
  reportedEvents(now: number, limit: number): Promise<{ id: string; reason: string }[]>;
  /** One transaction, with its line in the audit log; without changes only that. */
  change(changes: Change[], entry: AuditEntry): Promise<void>;
  /** Everything that this key has published, in steps. */
  removeEventsOf(pubkey: string): Promise<void>;
  /** The latest first. */
  auditLog(limit: number): Promise<AuditEntry[]>;
  /** False when this authorization has been used before. It is remembered until then; `now` forgets others. */
  useAuthorization(id: string, until: number, now: number): Promise<boolean>;
}

export function createModerationStore(db: Database): ModerationStore {
  return {
    revision: () => readRevision(db),
    load: () => loadRecord(db),
    standings: (pubkeys) => readStandings(db, pubkeys),
    list: (name) => readList(db, name),
    roles: () => readRoles(db),
    reportedEvents: (now, limit) => reportedEvents(db, now, limit),
    change: (changes, entry) => applyChanges(db, changes, entry),
    removeEventsOf: (pubkey) => removeEventsOf(db, pubkey),
    auditLog: (limit) => readAuditLog(db, limit),
    useAuthorization: (id, until, now) => useAuthorization(db, { id, until, now }),
  };
}

const REVISION = "SELECT coalesce(max(seq), 0) AS revision FROM audit";

async function readRevision(db: Database): Promise<number> {
  const { results } = await db.prepare(REVISION).all<{ revision: number }>();
  return results[0]?.revision ?? 0;
}

async function loadRecord(db: Database): Promise<ModerationRecord> {
  const [revision, settings, lists] = await db.batch<Record<string, string>>([
    db.prepare(REVISION),
    db.prepare("SELECT name, value FROM setting"),
    db.prepare(
      "SELECT list, subject FROM moderation WHERE list IN ('allowed-kind', 'disallowed-kind', 'blocked-ip')",
    ),
  ]);
  const subjects = (name: ListName) =>
    (lists?.results ?? []).filter(({ list }) => list === name).map(({ subject = "" }) => subject);
  return {
    revision: Number(revision?.results[0]?.["revision"] ?? 0),
    settings: Object.fromEntries((settings?.results ?? []).map(({ name = "", value = "" }) => [name, value])),
    allowedKinds: subjects("allowed-kind").map(Number),
    disallowedKinds: subjects("disallowed-kind").map(Number),
    blockedIps: subjects("blocked-ip"),
  };
}

async function readStandings(db: Database, pubkeys: string[]): Promise<Map<string, Standing>> {
  const { results } = await db
    .prepare(
      `SELECT subject, max(list = 'banned-pubkey') AS banned FROM moderation
      WHERE list IN ('banned-pubkey', 'allowed-pubkey') AND subject IN (SELECT value FROM json_each(?1))
      GROUP BY subject`,
    )
    .bind(JSON.stringify(pubkeys))
    .all<{ subject: string; banned: number }>();
  return new Map(results.map(({ subject, banned }) => [subject, banned ? "banned" : "allowed"]));
}

async function readList(db: Database, name: ListName): Promise<ListEntry[]> {
  const { results } = await db
    .prepare("SELECT subject, reason FROM moderation WHERE list = ?1 ORDER BY decided_at DESC, subject")
    .bind(name)
    .all<ListEntry>();
  return results.map(({ subject, reason }) => ({ subject, reason }));
}

async function readRoles(db: Database): Promise<(Role & { members: string[] })[]> {
  const { results } = await db
    .prepare(
      `SELECT id, label, description, color, position,
        (SELECT json_group_array(pubkey) FROM role_member WHERE role = id) AS members
      FROM role ORDER BY position IS NULL, position, id`,
    )
    .all<Omit<Role, "order"> & { position: number | null; members: string }>();
  return results.map(({ id, label, description, color, position, members }) => ({
    id,
    label,
    description,
    color,
    order: position,
    members: JSON.parse(members) as string[],
  }));
}

async function applyChanges(db: Database, changes: Change[], entry: AuditEntry): Promise<void> {
  const { at, pubkey, method, params, outcome } = entry;
  await db.batch([
    ...changes.flatMap((change) => statementsFor(db, change, entry)),
    db
      .prepare("INSERT INTO audit (at, pubkey, method, params, outcome) VALUES (?1, ?2, ?3, ?4, ?5)")
      .bind(at, pubkey, method, JSON.stringify(params), outcome),
  ]);
}

function statementsFor(db: Database, change: Change, { at, pubkey }: AuditEntry): Statement[] {
  switch (change.do) {
    case "add":
      return [db.prepare(ADD).bind(change.list, change.subject, change.reason, pubkey, at)];
    case "remove":
      return [db.prepare(REMOVE).bind(change.list, change.subject)];
    case "allow-kind":
      return [
        db.prepare(ALLOW_KIND).bind("allowed-kind", change.kind, change.reason, pubkey, at),
        db.prepare(REMOVE).bind("disallowed-kind", change.kind),
      ];
    case "set":
      return [
        db
          .prepare(
            "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          )
          .bind(change.setting, change.value),
      ];
    case "remove-event":
      return [db.prepare("DELETE FROM event WHERE id = unhex(?1)").bind(change.id)];
    case "put-role": {
      const { id, label, description, color, order } = change.role;
      return [
        db
          .prepare("INSERT OR REPLACE INTO role VALUES (?1, ?2, ?3, ?4, ?5)")
          .bind(id, label, description, color, order),
      ];
    }
    case "delete-role":
      return [
        db.prepare("DELETE FROM role_member WHERE role = ?1").bind(change.id),
        db.prepare("DELETE FROM role WHERE id = ?1").bind(change.id),
      ];
    case "assign":
      return [
        db.prepare("INSERT OR IGNORE INTO role_member VALUES (?1, ?2)").bind(change.role, change.pubkey),
      ];
    case "unassign":
      return [
        db
          .prepare("DELETE FROM role_member WHERE role = ?1 AND pubkey = ?2")
          .bind(change.role, change.pubkey),
      ];
  }
}

/** Decided again: the latest decision stays. */
const REPLACING = `ON CONFLICT (list, subject) DO UPDATE
SET reason = excluded.reason, decided_by = excluded.decided_by, decided_at = excluded.decided_at`;

const ADD = `INSERT INTO moderation VALUES (?1, ?2, ?3, ?4, ?5) ${REPLACING}`;

const REMOVE = "DELETE FROM moderation WHERE list = ?1 AND subject = ?2";

const ALLOW_KIND = `
INSERT INTO moderation SELECT ?1, ?2, ?3, ?4, ?5
WHERE NOT EXISTS (SELECT 1 FROM moderation WHERE list = 'disallowed-kind' AND subject = ?2)
  OR EXISTS (SELECT 1 FROM moderation WHERE list = ?1)
${REPLACING}`;

async function readAuditLog(db: Database, limit: number): Promise<AuditEntry[]> {
  const { results } = await db
    .prepare("SELECT at, pubkey, method, params, outcome FROM audit ORDER BY seq DESC LIMIT ?1")
    .bind(limit)
    .all<Omit<AuditEntry, "params"> & { params: string }>();
  return results.map(({ at, pubkey, method, params, outcome }) => ({
    at,
    pubkey,
    method,
    params: JSON.parse(params) as unknown[],
    outcome,
  }));
}

async function useAuthorization(
  db: Database,
  { id, until, now }: { id: string; until: number; now: number },
): Promise<boolean> {
  const [, inserted] = await db.batch([
    db.prepare("DELETE FROM used_authorization WHERE until < ?1").bind(now),
    db
      .prepare("INSERT INTO used_authorization VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING id")
      .bind(id, until),
  ]);
  return inserted?.results.length === 1;
}
