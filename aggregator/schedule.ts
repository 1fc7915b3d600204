/**
 * Schedules pulls: which upstreams are due, which job has the lease, and when the next pull is. Times are Unix
 * seconds.
 */
import { and, eq, lte, ne, sql } from "drizzle-orm";
import { createDrizzle } from "../store/drizzle.ts";
import type { Database } from "../store/database.ts";
import { upstream } from "../store/tables.ts";
import { type Cursor, readCursor } from "./cursor.ts";
import type { PullResult } from "./pull.ts";

/** Longer than a pull may take. After a crash, the lease expires and the upstream is free again. */
const LEASE_SECONDS = 180;
/** An upstream is leased up to this many seconds early, because Cron runs only once a minute. */
const EARLY_SECONDS = 30;
const LONGEST_BACKOFF = 3600;

/** The right to pull an upstream until `until`. Its end identifies it: a later lease ends later. */
export interface Lease {
  url: string;
  until: number;
}

/**
 * Leases the configured upstreams that are due. One statement looks and leases, so no two callers get the same upstream. All
 * addresses are one parameter, because D1 binds at most 100.
 */
export async function leaseDue(db: Database, urls: readonly string[], now: number): Promise<Lease[]> {
  if (urls.length === 0) return [];
  const drizzle = createDrizzle(db);
  const configured = sql`(SELECT value FROM json_each(${JSON.stringify(urls)}))`;
  const [, leases] = await drizzle.batch([
    drizzle.run(
      sql`INSERT INTO ${upstream} (url) SELECT value FROM ${configured} WHERE true ON CONFLICT DO NOTHING`,
    ),
    drizzle
      .update(upstream)
      .set({ leasedUntil: now + LEASE_SECONDS })
      .where(
        and(
          lte(upstream.nextPull, now + EARLY_SECONDS),
          lte(upstream.leasedUntil, now),
          sql`${upstream.url} IN ${configured}`,
        ),
      )
      .returning({ url: upstream.url, until: upstream.leasedUntil }),
  ]);
  return leases;
}

/**
 * Starts a pull: returns its cursor, and renews the lease, because the job may have waited. Undefined if the lease has
 * expired and another job has it. So jobs that wait too long do not pile up.
 */
export async function beginPull(
  db: Database,
  lease: Lease,
  now: number,
): Promise<{ lease: Lease; cursor: Cursor; failures: number; problem: string | undefined } | undefined> {
  const renewed = { url: lease.url, until: now + LEASE_SECONDS };
  const drizzle = createDrizzle(db);
  const [[row]] = await drizzle.batch([
    drizzle.update(upstream).set({ leasedUntil: renewed.until }).where(isHeld(lease)).returning(),
  ]);
  if (!row) return undefined;
  const { cursor, failures, problem } = row;
  return { lease: renewed, cursor: readCursor(cursor), failures, problem: problem ?? undefined };
}

/**
 * Ends the lease: saves the cursor and the time of the next pull. Does nothing if another job has the lease by now. That
 * job then asks for the same events again, and they are already known.
 */
export async function settlePull(
  db: Database,
  lease: Lease,
  result: PullResult,
  next: { failures: number; nextPull: number },
): Promise<void> {
  const settled = {
    ...next,
    leasedUntil: 0,
    cursor: JSON.stringify(result.cursor),
    problem: result.problem ?? null,
  };
  const drizzle = createDrizzle(db);
  await drizzle.batch([drizzle.update(upstream).set(settled).where(isHeld(lease))]);
}

/**
 * Ends every lease. Call it only if no pull is running, for example when `npm start` begins. Interrupted upstreams are then
 * due at once, and not in three minutes.
 */
export async function returnLeases(db: Database): Promise<void> {
  const drizzle = createDrizzle(db);
  await drizzle.batch([drizzle.update(upstream).set({ leasedUntil: 0 }).where(ne(upstream.leasedUntil, 0))]);
}

function isHeld({ url, until }: Lease) {
  return and(eq(upstream.url, url), eq(upstream.leasedUntil, until));
}

/**
 * Returns when to pull next. `random` is from 0 to 1. A pull that failed after some pages made progress, and resets
 * the backoff.
 */
export function nextPull(
  result: Pick<PullResult, "pages" | "problem" | "isUnfinished">,
  failures: number,
  { now, interval, random }: { now: number; interval: number; random: number },
): { failures: number; nextPull: number } {
  if (result.problem === undefined)
    return { failures: 0, nextPull: result.isUnfinished ? now : now + interval };
  const count = result.pages > 0 ? 1 : failures + 1;
  const backoff = Math.min(LONGEST_BACKOFF, interval * 2 ** Math.min(count - 1, 12));
  return { failures: count, nextPull: now + Math.ceil(backoff * (0.5 + random / 2)) };
}

/** Returns what the log says about a failed pull. Cron runs only once a minute, so the time is not exact. */
export function failureReport(
  url: string,
  problem: string,
  next: { failures: number; nextPull: number },
  now: number,
): string {
  return `the pull of ${url} failed: ${problem}; next try in about ${next.nextPull - now} s (failure ${next.failures})`;
}
