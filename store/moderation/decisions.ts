/**
 * Decisions of the operators, with drizzle. Only management calls need this file, so it is loaded with the first of them
 * (docs/decisions/0003-drizzle-off-the-hot-path.md).
 */
import { and, asc, desc, eq, getTableColumns, lt, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import type { Database } from "../database/database.ts";
import { createDrizzle } from "../database/drizzle.ts";
import { countLetters, letterStatement, readLetter, readLetters } from "../letters/letter-list.ts";
import type { AuditEntry, Change, ListEntry, ListName, ModerationStore, Role } from "./moderation.ts";
import { outboxStatements, readOutbox } from "../upstreams/outbox.ts";
import {
  audit,
  emptying,
  moderation,
  role,
  roleMember,
  setting,
  usedAuthorization,
} from "../database/tables.ts";
import { readProgress, readUpstream, readUpstreams, upstreamStatements } from "../upstreams/upstreams.ts";

export type Decisions = Pick<
  ModerationStore,
  | "list"
  | "roles"
  | "change"
  | "upstreams"
  | "upstream"
  | "pullProgress"
  | "outbox"
  | "letters"
  | "letter"
  | "countLetters"
  | "auditLog"
  | "useAuthorization"
>;

export function createDecisions(db: Database): Decisions {
  const drizzle = createDrizzle(db);
  return {
    list: (name) => readList(drizzle, name),
    roles: () => readRoles(drizzle),
    change: (changes, entry) => applyChanges(drizzle, changes, entry),
    upstreams: () => readUpstreams(drizzle),
    pullProgress: (urls) => readProgress(drizzle, urls),
    upstream: (url) => readUpstream(drizzle, url),
    outbox: () => readOutbox(drizzle),
    letters: (asked) => readLetters(drizzle, asked),
    letter: (id) => readLetter(drizzle, id),
    countLetters: (which) => countLetters(drizzle, which),
    auditLog: (limit) => readAuditLog(drizzle, limit),
    useAuthorization: (id, until, now) => useAuthorization(drizzle, { id, until, now }),
  };
}

async function readList(drizzle: SqliteRemoteDatabase, name: ListName): Promise<ListEntry[]> {
  const [entries] = await drizzle.batch([
    drizzle
      .select({ subject: moderation.subject, reason: moderation.reason })
      .from(moderation)
      .where(eq(moderation.list, name))
      .orderBy(desc(moderation.decidedAt), moderation.subject),
  ]);
  return entries;
}

async function readRoles(drizzle: SqliteRemoteDatabase): Promise<(Role & { members: string[] })[]> {
  const [roles, members] = await drizzle.batch([
    drizzle
      .select()
      .from(role)
      .orderBy(sql`${asc(role.order)} nulls last`, role.id),
    drizzle.select().from(roleMember).orderBy(roleMember.role, roleMember.pubkey),
  ]);
  return roles.map((one) => ({
    ...one,
    members: members.filter((member) => member.role === one.id).map(({ pubkey }) => pubkey),
  }));
}

async function applyChanges(
  drizzle: SqliteRemoteDatabase,
  changes: Change[],
  entry: AuditEntry,
): Promise<void> {
  await drizzle.batch([
    drizzle.insert(audit).values(entry),
    ...changes.flatMap((change) => statementsFor(drizzle, change, entry)),
  ]);
}

function statementsFor(
  drizzle: SqliteRemoteDatabase,
  change: Change,
  { at, pubkey }: AuditEntry,
): BatchItem<"sqlite">[] {
  switch (change.do) {
    case "add":
      return [addDecision(drizzle, change, { decidedBy: pubkey, decidedAt: at })];
    case "remove":
      return removeDecision(drizzle, change);
    case "set": {
      const { setting: name, value } = change;
      const set = { target: setting.name, set: { value } };
      return [drizzle.insert(setting).values({ name, value }).onConflictDoUpdate(set)];
    }
    case "remove-event":
      return [drizzle.run(sql`DELETE FROM event WHERE id = unhex(${change.id})`)];
    case "empty":
      return [drizzle.insert(emptying).values({ pubkey: change.pubkey }).onConflictDoNothing()];
    case "put-role": {
      const replace = { target: role.id, set: change.role };
      return [drizzle.insert(role).values(change.role).onConflictDoUpdate(replace)];
    }
    case "delete-role":
      return [
        drizzle.delete(roleMember).where(eq(roleMember.role, change.id)),
        drizzle.delete(role).where(eq(role.id, change.id)),
      ];
    case "assign": {
      const member = { role: change.role, pubkey: change.pubkey };
      return [drizzle.insert(roleMember).values(member).onConflictDoNothing()];
    }
    case "unassign": {
      const isMember = and(eq(roleMember.role, change.role), eq(roleMember.pubkey, change.pubkey));
      return [drizzle.delete(roleMember).where(isMember)];
    }
    case "redrive-letters":
    case "purge-letters":
      return [letterStatement(drizzle, change, at)];
    case "add-outbox":
    case "remove-outbox":
      return outboxStatements(drizzle, change, at);
    default:
      return upstreamStatements(drizzle, change);
  }
}

/** A later decision on the same subject replaces the earlier one. */
function addDecision(
  drizzle: SqliteRemoteDatabase,
  { list, subject, reason }: Extract<Change, { do: "add" }>,
  by: { decidedBy: string; decidedAt: number },
): BatchItem<"sqlite"> {
  const decision = { reason, ...by };
  return drizzle
    .insert(moderation)
    .values({ list, subject, ...decision })
    .onConflictDoUpdate({ target: [moderation.list, moderation.subject], set: decision });
}

/** Without a ban, the events that are not removed yet stay. */
function removeDecision(
  drizzle: SqliteRemoteDatabase,
  { list, subject }: Extract<Change, { do: "remove" }>,
): BatchItem<"sqlite">[] {
  const isIt = and(eq(moderation.list, list), eq(moderation.subject, subject));
  const removal = drizzle.delete(moderation).where(isIt);
  if (list !== "banned-pubkey") return [removal];
  return [removal, drizzle.delete(emptying).where(eq(emptying.pubkey, subject))];
}

async function readAuditLog(drizzle: SqliteRemoteDatabase, limit: number): Promise<AuditEntry[]> {
  const { seq: _, ...line } = getTableColumns(audit);
  const [lines] = await drizzle.batch([
    drizzle.select(line).from(audit).orderBy(desc(audit.seq)).limit(limit),
  ]);
  return lines;
}

async function useAuthorization(
  drizzle: SqliteRemoteDatabase,
  { id, until, now }: { id: string; until: number; now: number },
): Promise<boolean> {
  const [, inserted] = await drizzle.batch([
    drizzle.delete(usedAuthorization).where(lt(usedAuthorization.until, now)),
    drizzle
      .insert(usedAuthorization)
      .values({ id, until })
      .onConflictDoNothing()
      .returning({ id: usedAuthorization.id }),
  ]);
  return inserted.length === 1;
}
