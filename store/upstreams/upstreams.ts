/** The upstreams in the database, for operators. `aggregator/pull/schedule.ts` leases them and writes what the pulls found. */
import { and, asc, count, eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import { type LiveHealth, readLiveHealth } from "./live-health.ts";
import { onwardStatements, type StoredOnward, storedOnward } from "./onward.ts";
import { onward, upstream } from "../database/tables.ts";
import { isPulled, isWanted } from "./upstream-conditions.ts";
import { type Cursor, type Range, readCursor } from "./upstream-cursor.ts";
import { type Health, readHealth } from "./upstream-health.ts";
import { readUpstreamSettings, type UpstreamSettings } from "./upstream-settings.ts";

/** Who named an upstream: the setting UPSTREAMS, an operator, or the outbox of authors that are followed. */
export type Origin = (typeof upstream.$inferSelect)["origin"];

export interface StoredUpstream {
  url: string;
  origin: Origin;
  isPaused: boolean;
  /** Undefined if a later deployment wrote them. */
  settings: UpstreamSettings | undefined;
  cursor: Cursor;
  health: Health;
  live: LiveHealth;
  /** Undefined: nothing is published to it. */
  onward: StoredOnward | undefined;
  /** Number of pulls that have failed since the last progress. */
  failures: number;
  /** Unix seconds: when the next pull is, and until when a pull may run. */
  dueAt: number;
  leasedUntil: number;
  /** Ranges that an operator wants, and that no pull has taken up yet. */
  backfills: Required<Range>[];
}

/** `put-upstream` adds an upstream or replaces its settings. The others do nothing if there is none, unless UPSTREAMS names it. */
export type UpstreamChange =
  | { do: "put-upstream"; url: string; origin: Origin; settings: UpstreamSettings }
  | { do: "remove-upstream"; url: string }
  | { do: "pause-upstream"; url: string }
  | { do: "resume-upstream"; url: string }
  | { do: "backfill-upstream"; url: string; range: Required<Range> }
  /** A pull that runs meanwhile does not end: its progress would replace this one. */
  | { do: "restore-cursor"; url: string; cursor: Cursor };

/** A deployment of before never takes an upstream whose `next_pull` this is (migrations/0015_managed_upstreams.sql). */
export const NOT_FOR_EARLIER = { formerNextPull: Number.MAX_SAFE_INTEGER };

/** Returns all upstreams, by address. */
export async function readUpstreams(drizzle: SqliteRemoteDatabase): Promise<StoredUpstream[]> {
  const [rows, onwardRows] = await drizzle.batch([
    drizzle.select().from(upstream).orderBy(asc(upstream.url)),
    drizzle.select().from(onward),
  ]);
  const byUrl = new Map(onwardRows.map((row) => [row.url, row]));
  return rows.map((row) => stored(row, byUrl.get(row.url)));
}

/** Returns one upstream, and how many there are. */
export async function readUpstream(
  drizzle: SqliteRemoteDatabase,
  url: string,
): Promise<{ found: StoredUpstream | undefined; count: number }> {
  const [rows, counts, onwardRows] = await drizzle.batch([
    drizzle.select().from(upstream).where(eq(upstream.url, url)),
    drizzle.select({ count: count() }).from(upstream),
    drizzle.select().from(onward).where(eq(onward.url, url)),
  ]);
  return { found: rows[0] && stored(rows[0], onwardRows[0]), count: counts[0]?.count ?? 0 };
}

/** How far behind the pulls of an upstream are. */
export interface PullProgress {
  url: string;
  /** Number of pulls that have failed since the last progress. */
  failures: number;
  /** Unix seconds: everything created up to then has been asked for, with every filter. Null before the first pull. */
  pulledTo: number | null;
}

/** Maximum number of upstreams whose progress is read. */
const MOST_UPSTREAMS = 1000;

/** Returns the progress of the upstreams that are pulled. Long filters and cursors stay in the database. `urls` is UPSTREAMS. */
export async function readProgress(
  drizzle: SqliteRemoteDatabase,
  urls: readonly string[],
): Promise<PullProgress[]> {
  const time = sql`json_extract(value, '$.pulledTo')`;
  const slowest = sql`(SELECT CASE WHEN count(${time}) = count(*) THEN min(${time}) END
    FROM json_each(${upstream.cursor}, '$.filters'))`;
  const pulledTo = sql<number | null>`coalesce(json_extract(${upstream.cursor}, '$.pulledTo'), ${slowest})`;
  const [rows] = await drizzle.batch([
    drizzle
      .select({ url: upstream.url, failures: upstream.failures, pulledTo: pulledTo.as("pulled_to") })
      .from(upstream)
      .where(and(isPulled, isWanted(urls)))
      .orderBy(asc(upstream.url))
      .limit(MOST_UPSTREAMS),
  ]);
  return rows;
}

/** Every change but a pause makes the upstream due at once. A pull that runs meanwhile ends as it began. */
export function upstreamStatements(
  drizzle: SqliteRemoteDatabase,
  change: UpstreamChange,
): BatchItem<"sqlite">[] {
  const statement = upstreamStatement(drizzle, change);
  if (change.do !== "put-upstream" && change.do !== "remove-upstream") return [statement];
  const isPublishedTo = change.do === "put-upstream" && change.settings.direction !== "in";
  return [statement, ...onwardStatements(drizzle, change.url, isPublishedTo)];
}

function upstreamStatement(drizzle: SqliteRemoteDatabase, change: UpstreamChange): BatchItem<"sqlite"> {
  const { url } = change;
  const upsert = (set: Partial<typeof upstream.$inferInsert>, update: object = set) =>
    drizzle
      .insert(upstream)
      .values({ url, ...set, ...NOT_FOR_EARLIER })
      .onConflictDoUpdate({ target: upstream.url, set: { ...update, ...NOT_FOR_EARLIER } });
  switch (change.do) {
    case "put-upstream":
      return upsert({ origin: change.origin, settings: JSON.stringify(change.settings), dueAt: 0 });
    case "remove-upstream":
      return drizzle.delete(upstream).where(eq(upstream.url, url));
    case "pause-upstream":
      return upsert({ isPaused: 1 });
    case "resume-upstream":
      return upsert({ isPaused: 0, dueAt: 0 });
    case "restore-cursor":
      return upsert({ cursor: JSON.stringify(change.cursor), leasedUntil: 0, dueAt: 0 });
    case "backfill-upstream": {
      const range = JSON.stringify(change.range);
      const backfill = sql`json_insert(${upstream.backfill}, '$[#]', json(${range}))`;
      return upsert({ backfill: `[${range}]`, dueAt: 0 }, { backfill, dueAt: 0 });
    }
  }
}

function stored(
  row: typeof upstream.$inferSelect,
  onwardRow: typeof onward.$inferSelect | undefined,
): StoredUpstream {
  const { url, origin, failures, dueAt, leasedUntil } = row;
  return {
    url,
    origin,
    isPaused: row.isPaused === 1,
    settings: readUpstreamSettings(row.settings),
    cursor: readCursor(row.cursor),
    health: readHealth(row.health),
    live: readLiveHealth(row.live),
    onward: onwardRow && storedOnward(onwardRow),
    failures,
    dueAt,
    leasedUntil,
    backfills: JSON.parse(row.backfill) as Required<Range>[],
  };
}
