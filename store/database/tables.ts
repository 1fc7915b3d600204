/**
 * The tables that are read and written with drizzle: what operators decide at run time (NIP-86), upstreams and dead letters. `migrations/`
 * creates them and says what they hold. docs/decisions/0003-drizzle-off-the-hot-path.md says why the others are not here.
 */
import { sql } from "drizzle-orm";
import {
  customType,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";

/** A key as bytes, written from lower-case hex. */
const keyBytes = customType<{ data: string }>({
  dataType: () => "blob",
  toDriver: (hex) => sql`unhex(${hex})`,
});

export const moderation = sqliteTable(
  "moderation",
  {
    list: text("list", {
      enum: [
        "banned-pubkey",
        "allowed-pubkey",
        "banned-event",
        "allowed-event",
        "allowed-kind",
        "disallowed-kind",
        "blocked-ip",
      ],
    }).notNull(),
    subject: text("subject").notNull(),
    reason: text("reason").notNull(),
    decidedBy: text("decided_by").notNull(),
    decidedAt: integer("decided_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.list, table.subject] })],
);

export const setting = sqliteTable("setting", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

export const role = sqliteTable("role", {
  id: text("id").primaryKey(),
  label: text("label").notNull(),
  description: text("description").notNull(),
  color: integer("color"),
  order: integer("position"),
});

export const roleMember = sqliteTable(
  "role_member",
  { role: text("role").notNull(), pubkey: text("pubkey").notNull() },
  (table) => [primaryKey({ columns: [table.role, table.pubkey] })],
);

export const audit = sqliteTable("audit", {
  seq: integer("seq").primaryKey({ autoIncrement: true }),
  at: integer("at").notNull(),
  pubkey: text("pubkey").notNull(),
  method: text("method").notNull(),
  params: text("params", { mode: "json" }).$type<unknown[]>().notNull(),
  outcome: text("outcome").notNull(),
});

export const usedAuthorization = sqliteTable(
  "used_authorization",
  { id: text("id").primaryKey(), until: integer("until").notNull() },
  (table) => [index("used_authorization_until").on(table.until)],
);

export const emptying = sqliteTable("emptying", { pubkey: keyBytes("pubkey").primaryKey() });

export const upstream = sqliteTable(
  "upstream",
  {
    url: text("url").primaryKey(),
    leasedUntil: integer("leased_until").notNull().default(0),
    /** Read by deployments of before only, which pull when it has come (migrations/0015_managed_upstreams.sql). */
    formerNextPull: integer("next_pull").notNull().default(0),
    failures: integer("failures").notNull().default(0),
    cursor: text("cursor").notNull().default('{"version":1,"pending":[]}'),
    problem: text("problem"),
    origin: text("origin", { enum: ["settings", "operator", "outbox"] })
      .notNull()
      .default("settings"),
    isPaused: integer("is_paused").notNull().default(0),
    settings: text("settings").notNull().default('{"version":1}'),
    health: text("health").notNull().default('{"version":1}'),
    backfill: text("backfill").notNull().default("[]"),
    dueAt: integer("due_at").notNull().default(0),
    live: text("live").notNull().default('{"version":1}'),
  },
  (table) => [index("upstream_due").on(table.dueAt)],
);

export const outbox = sqliteTable("outbox", {
  pubkey: text("pubkey").primaryKey(),
  addedAt: integer("added_at").notNull(),
});

export const outboxState = sqliteTable("outbox_state", {
  id: integer("id").primaryKey(),
  dueAt: integer("due_at").notNull(),
  found: text("found").notNull().default('{"version":1}'),
});

export const onward = sqliteTable("onward", {
  url: text("url").primaryKey(),
  sent: integer("sent").notNull(),
  leasedUntil: integer("leased_until").notNull().default(0),
  dueAt: integer("due_at").notNull().default(0),
  failures: integer("failures").notNull().default(0),
  answers: text("answers").notNull().default('{"version":1}'),
  problem: text("problem"),
});

export const deadLetter = sqliteTable(
  "dead_letter",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    upstream: text("upstream").notNull(),
    eventId: keyBytes("event_id").notNull(),
    pubkey: keyBytes("pubkey"),
    createdAt: integer("created_at"),
    recipients: text("recipients"),
    reason: text("reason").notNull(),
    at: integer("at").notNull(),
    attempts: integer("attempts").notNull(),
    redrive: integer("redrive"),
    bytes: integer("bytes").notNull(),
    body: text("body"),
  },
  (table) => [
    index("dead_letter_redrive").on(table.redrive),
    index("dead_letter_at").on(table.at),
    uniqueIndex("dead_letter_event").on(table.upstream, table.eventId),
  ],
);

export const deadLetterTotal = sqliteTable("dead_letter_total", {
  id: integer("id").primaryKey(),
  letters: integer("letters").notNull(),
  bytes: integer("bytes").notNull(),
  dropped: integer("dropped").notNull(),
});

export const onwardAdopted = sqliteTable(
  "onward_adopted",
  { url: text("url").notNull(), seq: integer("seq").notNull() },
  (table) => [primaryKey({ columns: [table.url, table.seq] })],
);
