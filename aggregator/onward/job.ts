/** A job of publishing onward, as a message of the queue of pulls: to one relay that Cron has leased. */
import type { Database } from "../../store/database/database.ts";
import { adoptedEvents, dropAdopted, ownEventsAfter } from "../../store/sql/own-log.ts";
import type { Lease } from "../pull/schedule.ts";
import { type OnwardDeps, publishOnward } from "./onward.ts";
import { beginOnward, nextOnward, onwardReport, saveOnward, settleOnward } from "./schedule.ts";

/** A deployment that publishes nothing onward ignores it. */
export interface OnwardJob {
  version: 4;
  task: "onward";
  lease: Lease;
}

interface OnwardJobDeps extends Omit<OnwardDeps, "read" | "readAdopted" | "dropAdopted" | "save"> {
  db: Database;
  /** Returns a number from 0 to 1. */
  random(): number;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

/** Rejects if the database does not answer. Then the lease expires, and a later Cron tries again. */
export async function runOnward(
  job: Pick<OnwardJob, "lease">,
  { db, random, report, ...deps }: OnwardJobDeps,
): Promise<void> {
  const begun = await beginOnward(db, job.lease, deps.now());
  if (!begun) return;
  const { lease, task, failures } = begun;
  const result = await publishOnward(task, {
    ...deps,
    read: (after, limit) => ownEventsAfter(db, after, limit),
    readAdopted: (sent, limit) => adoptedEvents(db, task.url, sent, limit),
    dropAdopted: (seqs) => dropAdopted(db, task.url, seqs),
    save: (progress) => saveOnward(db, lease, progress),
  });
  const now = deps.now();
  const next = nextOnward(result, failures, { now, random: random() });
  // Logged once, not with every attempt.
  if (result.problem !== undefined && result.problem !== begun.problem)
    report(onwardReport(task.url, result.problem, { ...next, now }));
  await settleOnward(db, lease, result, next);
}
