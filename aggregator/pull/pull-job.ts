/** The messages of the queue of pulls: each is one pull of one upstream that Cron has leased. */
import type { Config } from "../../relay/config.ts";
import type { Database } from "../../store/database/database.ts";
import { rulesOf } from "../../store/upstreams/refused-ids.ts";
import { historyOf } from "../turn/cursor.ts";
import type { PullDeps } from "../turn/job.ts";
import { pull, type PullResult } from "./pull.ts";
import { fingerprintOf } from "./rules.ts";
import { beginPull, failureReport, FORGED_SECONDS, type Lease, nextPull, settlePull } from "./schedule.ts";

/** Version 2 is of a deployment that knows no filters. It ignores version 3, whose lease then expires. */
export interface PullJob {
  version: 2 | 3;
  lease: Lease;
}

interface PullJobDeps {
  db: Database;
  config: Config;
  pull: PullDeps;
  /** Returns a number from 0 to 1. */
  random(): number;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

/** Rejects if the database does not answer. Then the lease expires, and a later Cron tries again. */
export async function runPull(
  job: PullJob,
  { db, config, pull: deps, random, report }: PullJobDeps,
): Promise<void> {
  // A job of version 1 has no lease, and one of a later version is not for this deployment. Cron creates another job.
  const isReadable = job.version === 2 || job.version === 3;
  const begun = isReadable ? await beginPull(db, job.lease, deps.now()) : undefined;
  if (!begun) return;
  const { settings, cursor, failures } = begun;
  const { url } = begun.lease;
  const history = historyOf({ ...config, PULL_HISTORY: settings.history ?? config.PULL_HISTORY });
  const { filters, rate } = settings;
  const { learntLimit } = begun.health;
  const rules = rulesOf(fingerprintOf(config), begun.revision);
  const questions = begun.isForging ? FORGER_QUESTIONS : undefined;
  const task = { url, filters, cursor, history, rules, rate, questions, learntLimit, failures };
  const result = withForger(await pull(task, deps), begun.isForging);
  const interval = settings.interval ?? config.PULL_INTERVAL;
  const next = nextPull(result, failures, { now: deps.now(), interval, random: random() });
  // Logged once, not with every attempt.
  if (result.problem !== undefined && result.problem !== begun.problem)
    report(failureReport(url, result.problem, next));
  await settlePull(db, begun, result, next);
}

/** An upstream that sends forged events is asked little, once an hour, until it stops. */
const FORGER_QUESTIONS = 2;
const FORGED = "it has sent many forged events in the last hour (npm run nostr -- dead list)";

function withForger(result: PullResult, isForging: boolean): PullResult {
  return isForging ? { ...result, problem: result.problem ?? FORGED, pause: FORGED_SECONDS } : result;
}
