/**
 * `/health` and `/health/ready`, for load balancers and monitors. Everybody may ask, so times are in whole minutes and sizes in
 * whole per cent: no answer tells when a client's event was stored.
 */
import type { Hono } from "hono";
import type { Config } from "../relay/config.ts";
import { REMOVED_SECONDS } from "../relay/watch/conditions.ts";
import type { Readiness, StoredProbe } from "../store/watch/probe.ts";
import type { Level } from "../store/database/store-size.ts";
import type { AppEnv } from "./app-env.ts";
import { orUnavailable, problem } from "./problem.ts";

/** `/health` says that the Worker runs, without a look at the database; `/health/ready` that clients can be served. */
export function addHealth(app: Hono<AppEnv>): void {
  app.get("/health", (c) => c.json({ status: "ok" }, 200));
  app.get("/health/ready", async (c) => {
    const { readReadiness, size, config, now } = c.env;
    const readiness = await orUnavailable(readReadiness);
    const time = now();
    const { probe, queues } = readiness;
    if (probe && isFailing(probe, config, time))
      return c.json(problem("unavailable", `${FAILED} (${minutesSince(probe.at, time)} minutes ago)`), 503);
    const problems = problemsOf(readiness, size.level, config, time);
    return c.json(
      {
        status: problems.length === 0 ? "ok" : "degraded",
        problems,
        store: { level: size.level, percent: size.percent },
        queue: { oldestMinutes: queues && queues.oldest !== null ? minutesSince(queues.oldest, time) : null },
        probe: probe ? probeAnswer(probe, time) : null,
      },
      200,
    );
  });
}

const FAILED = "the relay could not store an event and read it back when it tested itself";
/** Cron runs each minute, and a test takes up to two minutes. */
const LATE_SECONDS = 300;
/** Of several missed tests. */
const MISSED = 3;
/** Events from upstreams usually wait for seconds. */
const LONG_WAIT_SECONDS = 3600;

const FULL: Partial<Record<Level, string>> = {
  reserved: "the database is 90 % full: nothing is stored from upstreams",
  full: "the database is full: only deletions and requests to vanish are stored",
};

/** An old failure says nothing: then nobody has looked since. */
function isFailing(probe: StoredProbe, { PROBE_INTERVAL }: Config, now: number): boolean {
  return PROBE_INTERVAL > 0 && probe.outcome === "failed" && !isLate(probe, PROBE_INTERVAL, now);
}

function isLate({ at }: StoredProbe, interval: number, now: number): boolean {
  return now - at > MISSED * interval + LATE_SECONDS;
}

/** Returns what is wrong and keeps no client from being served. */
function problemsOf(
  { probe, queues }: Readiness,
  level: Level,
  { PROBE_INTERVAL }: Config,
  now: number,
): string[] {
  const problems: (string | undefined)[] = [FULL[level]];
  if (probe && PROBE_INTERVAL > 0 && isLate(probe, PROBE_INTERVAL, now))
    problems.push(`the relay last tested itself ${minutesSince(probe.at, now)} minutes ago`);
  const cronLate = queues ? now - queues.lookedAt : 0;
  if (queues && cronLate > LATE_SECONDS && cronLate < REMOVED_SECONDS)
    problems.push(`the aggregator's minute job last ran ${minutesSince(queues.lookedAt, now)} minutes ago`);
  else if (cronLate <= LATE_SECONDS && queues?.oldest && now - queues.oldest > LONG_WAIT_SECONDS)
    problems.push(`events from upstreams have waited for ${minutesSince(queues.oldest, now)} minutes`);
  return problems.filter((each) => each !== undefined);
}

function probeAnswer({ outcome, at, storedAt }: StoredProbe, now: number) {
  return {
    outcome,
    minutesAgo: minutesSince(at, now),
    storedMinutesAgo: storedAt === null ? null : minutesSince(storedAt, now),
  };
}

function minutesSince(time: number, now: number): number {
  return Math.max(0, Math.floor((now - time) / 60));
}
