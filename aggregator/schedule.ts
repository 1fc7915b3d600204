/** Which upstreams are due, who has them, and when they are pulled again. Times are Unix seconds. */
import { and, eq, lte, sql } from "drizzle-orm";
import { createDrizzle } from "../store/drizzle.ts";
import type { Database } from "../store/database.ts";
import { type Cursor, readCursor } from "./cursor.ts";
import type { PullResult } from "./pull.ts";
import { upstreamTable } from "./schema.ts";

/** Longer than a pull may take: a pull that died gives its upstream back by time. */
const LEASE_SECONDS = 180;
/** Cron comes once a minute: what falls due before the middle until the next one is taken now. */
const EARLY_SECONDS = 30;
const LONGEST_BACKOFF = 3600;

/** Whoever holds it may pull this upstream until then. It is known by its end: a later one ends later. */
export interface Lease {
  url: string;
  until: number;
}

/**
 * Takes the configured upstreams that are due: in one statement, so that no two takers get the same one. D1 binds 100
 * parameters at most, so all addresses are one.
 */
export async function leaseDue(db: Database, urls: readonly string[], now: number): Promise<Lease[]> {
  if (urls.length === 0) return [];
  const drizzle = createDrizzle(db);
  const configured = sql`(SELECT value FROM json_each(${JSON.stringify(urls)}))`;
  await drizzle.run(
    sql`INSERT INTO ${upstreamTable} (url) SELECT value FROM ${configured} WHERE true ON CONFLICT DO NOTHING`,
  );
  return drizzle
    .update(upstreamTable)
    .set({ leasedUntil: now + LEASE_SECONDS })
    .where(
      and(
        lte(upstreamTable.nextPull, now + EARLY_SECONDS),
        lte(upstreamTable.leasedUntil, now),
        sql`${upstreamTable.url} IN ${configured}`,
      ),
    )
    .returning({ url: upstreamTable.url, until: upstreamTable.leasedUntil });
}

/**
 * What a pull goes on from, and the lease anew, because its job may have waited. Undefined when the lease has run out and
 * been given to another job: jobs that wait for longer than it lasts do not pile up.
 */
export async function beginPull(
  db: Database,
  lease: Lease,
  now: number,
): Promise<{ lease: Lease; cursor: Cursor; failures: number; problem: string | undefined } | undefined> {
  const renewed = { url: lease.url, until: now + LEASE_SECONDS };
  const [row] = await createDrizzle(db)
    .update(upstreamTable)
    .set({ leasedUntil: renewed.until })
    .where(isHeld(lease))
    .returning();
  if (!row) return undefined;
  const { cursor, failures, problem } = row;
  return { lease: renewed, cursor: readCursor(cursor), failures, problem: problem ?? undefined };
}

/**
 * Ends the lease: the cursor moves to what is on the queue, and the next pull is set. Nothing happens when another job has
 * it by now: what this one pulled is asked for again, and known.
 */
export async function settlePull(
  db: Database,
  lease: Lease,
  result: PullResult,
  next: { failures: number; nextPull: number },
): Promise<void> {
  await createDrizzle(db)
    .update(upstreamTable)
    .set({
      ...next,
      leasedUntil: 0,
      cursor: JSON.stringify(result.cursor),
      problem: result.problem ?? null,
    })
    .where(isHeld(lease));
}

function isHeld({ url, until }: Lease) {
  return and(eq(upstreamTable.url, url), eq(upstreamTable.leasedUntil, until));
}

/** `random` is from 0 to 1. A pull that brought something before it failed is progress, and resets the backoff. */
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
