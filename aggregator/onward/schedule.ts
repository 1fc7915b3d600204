/** Schedules publishing onward: which relays are due, which job has the lease, and how far each is. Times are Unix seconds. */
import { and, eq, inArray, lte, sql } from "drizzle-orm";
import type { Database } from "../../store/database/database.ts";
import { createDrizzle } from "../../store/database/drizzle.ts";
import { readOnwardAnswers } from "../../store/upstreams/onward-answers.ts";
import { onward, upstream } from "../../store/database/tables.ts";
import { readUpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { Notice } from "../../telemetry/log.ts";
import type { OnwardProgress, OnwardResult, OnwardTask } from "./onward.ts";
import { isPublishedTo, isWanted } from "../../store/upstreams/upstream-conditions.ts";
import type { Lease } from "../pull/schedule.ts";

/** Longer than a job may take. After a crash, the lease expires and the relay is free again. */
const LEASE_SECONDS = 300;
/** A relay is leased up to this many seconds early, because Cron runs only once a minute. */
const EARLY_SECONDS = 30;
const SHORTEST_BACKOFF = 60;
const LONGEST_BACKOFF = 3600;

export interface BegunOnward {
  lease: Lease;
  task: OnwardTask;
  /** Number of jobs that have failed since the last answer. */
  failures: number;
  /** Why the last job failed, if it did. */
  problem: string | undefined;
}

/** Leases the relays to which something may have to be published. `urls` is the setting UPSTREAMS. */
export async function leaseOnward(db: Database, urls: readonly string[], now: number): Promise<Lease[]> {
  const drizzle = createDrizzle(db);
  const published = drizzle
    .select({ url: upstream.url })
    .from(upstream)
    .where(and(isPublishedTo, isWanted(urls)));
  const [leases] = await drizzle.batch([
    drizzle
      .update(onward)
      .set({ leasedUntil: now + LEASE_SECONDS })
      .where(
        and(
          lte(onward.dueAt, now + EARLY_SECONDS),
          lte(onward.leasedUntil, now),
          inArray(onward.url, published),
          sql`(${onward.sent} < (SELECT max(seq) FROM event) OR EXISTS (
            SELECT 1 FROM onward_adopted AS a WHERE a.url = ${onward.url} AND a.seq <= ${onward.sent}
          ))`,
        ),
      )
      .returning({ url: onward.url, until: onward.leasedUntil }),
  ]);
  return leases;
}

/** Starts a job. Undefined if another job has the lease, or if nothing is published to this relay any more. */
export async function beginOnward(db: Database, lease: Lease, now: number): Promise<BegunOnward | undefined> {
  const drizzle = createDrizzle(db);
  const renewed = { url: lease.url, until: now + LEASE_SECONDS };
  const [[row], [settled]] = await drizzle.batch([
    drizzle.update(onward).set({ leasedUntil: renewed.until }).where(isHeld(lease)).returning(),
    drizzle
      .select({ settings: upstream.settings })
      .from(upstream)
      .where(and(eq(upstream.url, lease.url), isPublishedTo)),
  ]);
  const settings = settled && readUpstreamSettings(settled.settings);
  if (!row || !settings) return undefined;
  const { url, sent, failures, problem } = row;
  const { filters, rate } = settings;
  const progress = { sent, answers: readOnwardAnswers(row.answers) };
  return { lease: renewed, task: { url, filters, rate, progress }, failures, problem: problem ?? undefined };
}

/** Saves the progress in the middle of a job. Returns false if another job has the lease by now. */
export async function saveOnward(
  db: Database,
  lease: Lease,
  { sent, answers }: OnwardProgress,
): Promise<boolean> {
  const drizzle = createDrizzle(db);
  const [rows] = await drizzle.batch([
    drizzle
      .update(onward)
      .set({ sent, answers: JSON.stringify(answers) })
      .where(isHeld(lease))
      .returning({ url: onward.url }),
  ]);
  return rows.length > 0;
}

/** Ends the lease. Does nothing if another job has it by now. */
export async function settleOnward(
  db: Database,
  lease: Lease,
  { progress, problem }: OnwardResult,
  next: { failures: number; dueAt: number },
): Promise<void> {
  const { sent, answers } = progress;
  const settled = {
    ...next,
    sent,
    answers: JSON.stringify(answers),
    leasedUntil: 0,
    problem: problem ?? null,
  };
  const drizzle = createDrizzle(db);
  await drizzle.batch([drizzle.update(onward).set(settled).where(isHeld(lease))]);
}

/** Returns when the next job is. `random` is from 0 to 1. A job that got an answer before it failed resets the backoff. */
export function nextOnward(
  { answered, problem }: Pick<OnwardResult, "answered" | "problem">,
  failures: number,
  { now, random }: { now: number; random: number },
): { failures: number; dueAt: number } {
  if (problem === undefined) return { failures: 0, dueAt: now };
  const count = answered > 0 ? 1 : failures + 1;
  const backoff = Math.min(LONGEST_BACKOFF, SHORTEST_BACKOFF * 2 ** Math.min(count - 1, 12));
  return { failures: count, dueAt: now + Math.ceil(backoff * (0.5 + random / 2)) };
}

/** Returns what the log says about a failed job. Cron runs only once a minute, so the time is not exact. */
export function onwardReport(
  url: string,
  problem: string,
  next: { failures: number; dueAt: number; now: number },
): Notice {
  const { failures } = next;
  const message = `publishing to ${url} failed: ${problem}; next try in about ${next.dueAt - next.now} s (failure ${failures})`;
  const todo = "npm run nostr -- upstream status shows what the relay has answered";
  return new Notice(message, { todo, fields: { upstream: url, failures } });
}

function isHeld({ url, until }: Lease) {
  return and(eq(onward.url, url), eq(onward.leasedUntil, until));
}
