/**
 * Schedules pulls: which upstreams are due, which job has the lease, and when the next pull is. Times are Unix
 * seconds.
 */
import { and, eq, getTableColumns, lte, ne, sql } from "drizzle-orm";
import { createDrizzle } from "../../store/database/drizzle.ts";
import { WRONG_ID, WRONG_SIGNATURE } from "../../nostr/signature.ts";
import type { Database } from "../../store/database/database.ts";
import { onward, upstream } from "../../store/database/tables.ts";
import { type Cursor, cursorOf, type Range, readCursor } from "../../store/upstreams/upstream-cursor.ts";
import { afterPull, type Health, readHealth } from "../../store/upstreams/upstream-health.ts";
import { isPulled, isWanted, listOf } from "../../store/upstreams/upstream-conditions.ts";
import { NOT_FOR_EARLIER } from "../../store/upstreams/upstreams.ts";
import {
  keyOfFilter,
  readUpstreamSettings,
  type UpstreamSettings,
} from "../../store/upstreams/upstream-settings.ts";
import { Notice } from "../../telemetry/log.ts";
import { withBackfill } from "../turn/cursor.ts";
import type { PullResult } from "./pull.ts";

/** Longer than a pull may take. After a crash, the lease expires and the upstream is free again. */
const LEASE_SECONDS = 180;
/** An upstream is leased up to this many seconds early, because Cron runs only once a minute. */
const EARLY_SECONDS = 30;
const LONGEST_BACKOFF = 3600;
/** So many forged events in so many seconds are many. Each of them is work, and a dead letter. */
const MOST_FORGED = 300;
export const FORGED_SECONDS = 3600;

/** The right to pull an upstream until `until`. Its end identifies it: a later lease ends later. */
export interface Lease {
  url: string;
  until: number;
}

/** A pull that has begun: what to pull, and what was known before it. */
export interface BegunPull {
  lease: Lease;
  settings: UpstreamSettings;
  cursor: Cursor;
  health: Health;
  /** Number of pulls that have failed since the last progress. */
  failures: number;
  /** Why the last pull failed, if it did. */
  problem: string | undefined;
  /** The number of decisions of the operators so far that may admit refused events. */
  revision: number;
  /** Whether the upstream has sent many forged events of late. */
  isForging: boolean;
  /** Number of backfills that the cursor contains. */
  backfills: number;
}

/**
 * Leases the upstreams that are due, after it has added those of the setting UPSTREAMS that are new. One statement looks and leases, so
 * no two callers get the same upstream.
 */
export async function leaseDue(db: Database, urls: readonly string[], now: number): Promise<Lease[]> {
  const drizzle = createDrizzle(db);
  const [, leases] = await drizzle.batch([
    drizzle.run(
      sql`INSERT INTO ${upstream} (url, next_pull) SELECT value, ${NOT_FOR_EARLIER.formerNextPull}
        FROM ${listOf(urls)} WHERE true ON CONFLICT DO NOTHING`,
    ),
    drizzle
      .update(upstream)
      .set({ leasedUntil: now + LEASE_SECONDS, dueAt: taken, ...NOT_FOR_EARLIER })
      .where(
        and(
          lte(upstream.dueAt, now + EARLY_SECONDS),
          lte(upstream.leasedUntil, now),
          isWanted(urls),
          isPulled,
        ),
      )
      .returning({ url: upstream.url, until: upstream.leasedUntil }),
  ]);
  return leases;
}

/**
 * Starts a pull: returns its cursor, and renews the lease, because the job may have waited. Undefined if the lease has
 * expired and another job has it, or if the upstream has been paused. So jobs that wait too long do not pile up.
 */
export async function beginPull(db: Database, lease: Lease, now: number): Promise<BegunPull | undefined> {
  const renewed = { url: lease.url, until: now + LEASE_SECONDS };
  const drizzle = createDrizzle(db);
  const [[row]] = await drizzle.batch([
    drizzle
      .update(upstream)
      .set({ leasedUntil: renewed.until, dueAt: taken, ...NOT_FOR_EARLIER })
      .where(and(isHeld(lease), isPulled))
      .returning({
        ...getTableColumns(upstream),
        revision: sql<number>`(SELECT revision FROM readmission)`.as("revision"),
        forged: forgedSince(lease.url, now - FORGED_SECONDS).as("forged"),
      }),
  ]);
  const settings = row && readUpstreamSettings(row.settings);
  if (!settings) return undefined;
  const backfills = JSON.parse(row.backfill) as Required<Range>[];
  return {
    lease: renewed,
    settings,
    cursor: backfilled(readCursor(row.cursor), settings, backfills),
    health: readHealth(row.health),
    failures: row.failures,
    problem: row.problem ?? undefined,
    revision: row.revision,
    isForging: row.forged === MOST_FORGED,
    backfills: backfills.length,
  };
}

/**
 * Ends the lease: saves the cursor, what the pull found, and the time of the next pull (`nextPull`). Does nothing if another job
 * has the lease by now. That job then asks for the same events again, and they are already known.
 */
export async function settlePull(
  db: Database,
  begun: Pick<BegunPull, "lease" | "health" | "backfills">,
  result: PullResult,
  next: { failures: number; nextPull: number; now: number },
): Promise<void> {
  const settled = {
    failures: next.failures,
    // What an operator has changed since the pull began makes the upstream due at once.
    dueAt: sql`CASE WHEN ${upstream.dueAt} = 0 THEN 0 ELSE ${next.nextPull} END`,
    leasedUntil: 0,
    cursor: JSON.stringify(result.cursor),
    health: JSON.stringify(afterPull(begun.health, result, next.now)),
    problem: result.problem ?? null,
    // What an operator has added since the pull began stays for the next one.
    backfill: sql`(SELECT json_group_array(json(value)) FROM json_each(${upstream.backfill}) WHERE key >= ${begun.backfills})`,
  };
  const drizzle = createDrizzle(db);
  await drizzle.batch([drizzle.update(upstream).set(settled).where(isHeld(begun.lease))]);
}

/**
 * Ends every lease. Call it only if no job is running, for example when `npm start` begins. Interrupted upstreams are then
 * due at once, and not in three minutes.
 */
export async function returnLeases(db: Database): Promise<void> {
  const drizzle = createDrizzle(db);
  await drizzle.batch([
    drizzle.update(upstream).set({ leasedUntil: 0 }).where(ne(upstream.leasedUntil, 0)),
    drizzle.update(onward).set({ leasedUntil: 0 }).where(ne(onward.leasedUntil, 0)),
  ]);
}

/** An upstream that is leased is still due, in case its job dies. A 0 that comes later is a change of an operator. */
const taken = sql`max(${upstream.dueAt}, 1)`;

/** Adds the backfills to the cursor of every filter. */
function backfilled(cursor: Cursor, { filters }: UpstreamSettings, ranges: Required<Range>[]): Cursor {
  if (ranges.length === 0) return cursor;
  const entries = filters.map((filter) => [
    keyOfFilter(filter),
    withBackfill(cursorOf(cursor, filter), ranges),
  ]);
  return { version: 2, filters: Object.fromEntries(entries) as Cursor["filters"] };
}

/** SQL: how many forged events of an upstream have become dead letters since this time, at most MOST_FORGED. */
function forgedSince(url: string, since: number) {
  const reasons = sql.join(
    [WRONG_ID, WRONG_SIGNATURE].map((reason) => sql`${`invalid: ${reason}`}`),
    sql`, `,
  );
  return sql<number>`(SELECT count(*) FROM (
    SELECT 1 FROM dead_letter WHERE upstream = ${url} AND at > ${since} AND reason IN (${reasons}) LIMIT ${MOST_FORGED}
  ))`;
}

function isHeld({ url, until }: Lease) {
  return and(eq(upstream.url, url), eq(upstream.leasedUntil, until));
}

/**
 * Returns when to pull next. `random` is from 0 to 1. A pull that failed after some pages made progress, and resets
 * the backoff. An upstream that wants to be left alone is left alone for that time.
 */
export function nextPull(
  result: Pick<PullResult, "pages" | "problem" | "isUnfinished" | "pause">,
  failures: number,
  { now, interval, random }: { now: number; interval: number; random: number },
): { failures: number; nextPull: number; now: number } {
  if (result.problem === undefined)
    return { failures: 0, nextPull: result.isUnfinished ? now : now + interval, now };
  const count = result.pages > 0 ? 1 : failures + 1;
  const backoff = Math.min(LONGEST_BACKOFF, interval * 2 ** Math.min(count - 1, 12));
  const seconds = Math.max(result.pause ?? 0, backoff * (0.5 + random / 2));
  return { failures: count, nextPull: now + Math.ceil(seconds), now };
}

/** Returns what the log says about a failed pull. Cron runs only once a minute, so the time is not exact. */
export function failureReport(
  url: string,
  problem: string,
  next: { failures: number; nextPull: number; now: number },
): Notice {
  const { failures } = next;
  const message = `the pull of ${url} failed: ${problem}; next try in about ${next.nextPull - next.now} s (failure ${failures})`;
  const todo = `npm run nostr -- upstream test asks the relay from your machine`;
  return new Notice(message, { todo, fields: { upstream: url, failures } });
}
