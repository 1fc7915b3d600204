/**
 * The store of decisions of the operators over D1, or over any SQLite with the same interface. What every isolate and hub reads is
 * SQL by hand; `decisions.ts` does what operators ask for, and `bans.ts` enforces bans.
 */
import { reportedEvents, removeEventsOf, unemptied } from "./bans.ts";
import type { Database } from "../database/database.ts";
import type { Decisions } from "./decisions.ts";
import { createEventTraces } from "../watch/event-traces.ts";
import type { ListName, ModerationRecord, ModerationStore, Standing } from "./moderation.ts";

export function createModerationStore(db: Database): ModerationStore {
  const decisions = async (): Promise<Decisions> => (await import("./decisions.ts")).createDecisions(db);
  return {
    revision: () => readRevision(db),
    load: () => loadRecord(db),
    standings: (pubkeys) => readStandings(db, pubkeys),
    list: async (name) => (await decisions()).list(name),
    roles: async () => (await decisions()).roles(),
    reportedEvents: (now, limit) => reportedEvents(db, now, limit),
    change: async (changes, entry) => (await decisions()).change(changes, entry),
    removeEventsOf: (pubkey, pause) => removeEventsOf(db, pubkey, pause),
    unemptied: () => unemptied(db),
    upstreams: async () => (await decisions()).upstreams(),
    pullProgress: async (urls) => (await decisions()).pullProgress(urls),
    upstream: async (url) => (await decisions()).upstream(url),
    outbox: async () => (await decisions()).outbox(),
    letters: async (asked) => (await decisions()).letters(asked),
    letter: async (id) => (await decisions()).letter(id),
    countLetters: async (which) => (await decisions()).countLetters(which),
    traceOf: (event) => createEventTraces(db).find(event),
    auditLog: async (limit) => (await decisions()).auditLog(limit),
    useAuthorization: async (id, until, now) => (await decisions()).useAuthorization(id, until, now),
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
