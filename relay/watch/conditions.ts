/** What operators are alerted to, and what they can do about it. docs/operating.md describes each. */
import type { Watched } from "../../store/watch/watched.ts";
import { type Level, LEVELS, MAKE_ROOM, type StoreSize } from "../../store/database/store-size.ts";
import { type Spending, SPENDING_LEVELS, type SpendingLevel } from "../../telemetry/spending.ts";
import type { ProbeResult } from "./probe.ts";

/** Something that is wrong. */
export interface Condition {
  /** The same for the same thing. */
  id: string;
  message: string;
  todo: string;
  /** A higher one is said again. 0 by default. */
  severity?: number;
  /** It is said if it lasts so many seconds. 0 by default. */
  patience?: number;
}

export interface Seen {
  /** Undefined: the relay has not tested itself now. */
  probe: ProbeResult | undefined;
  /** Whether it tests itself at all. */
  isProbed: boolean;
  size: Pick<StoreSize, "level" | "percent">;
  /** The reason if it could not be read. */
  watched: Watched | Error;
  /** The reason if it could not be read. Undefined: there is no limit. */
  spending: Spending | Error | undefined;
  /** Unix seconds. */
  now: number;
}

export interface Findings {
  conditions: Condition[];
  /** Returns whether it is known now how it stands with the condition of this id. */
  isKnown(id: string): boolean;
}

const LATE_CRON_SECONDS = 600;
/** After so long, the aggregator was removed on purpose. */
export const REMOVED_SECONDS = 7 * 86_400;
const LONG_WAIT_SECONDS = 3600;
const MANY_LETTERS = 10;
/** One statement that fails is no outage. Conditions are looked at every five minutes. */
const DATABASE_PATIENCE = 240;
const UPSTREAM = "upstream ";

export function findingsOf(seen: Seen): Findings {
  const { watched, size, spending, now } = seen;
  const always = [probeCondition(seen), storageCondition(size), spendingCondition(spending)];
  const isSpendingKnown = !(spending instanceof Error);
  const isProbeKnown = seen.probe !== undefined || !seen.isProbed;
  if (watched instanceof Error) {
    const known = ["database", ...(isProbeKnown ? ["probe"] : []), ...(isSpendingKnown ? ["spending"] : [])];
    return {
      conditions: present([...always, databaseCondition(watched)]),
      isKnown: (id) => known.includes(id),
    };
  }
  const isCronLate = isLate(watched, now);
  // Without the aggregator's Cron, room or money, all upstreams are behind.
  const isPaused = spending !== undefined && !(spending instanceof Error) && spending.level !== "free";
  const areUpstreamsKnown = !isCronLate && !isPaused && (size.level === "ok" || size.level === "filling");
  return {
    conditions: present([
      ...always,
      isCronLate ? cronCondition(watched, now) : queueCondition(watched, now),
      lettersCondition(watched),
      ...(areUpstreamsKnown ? watched.behind.map((one) => upstreamCondition(one, now)) : []),
    ]),
    isKnown(id) {
      if (id === "probe") return isProbeKnown;
      if (id === "spending") return isSpendingKnown;
      if (id === "queue") return !isCronLate;
      return id.startsWith(UPSTREAM) ? areUpstreamsKnown : true;
    },
  };
}

function isLate({ queues }: Watched, now: number): boolean {
  if (!queues) return false;
  const late = now - queues.lookedAt;
  return late > LATE_CRON_SECONDS && late < REMOVED_SECONDS;
}

function present(conditions: (Condition | undefined)[]): Condition[] {
  return conditions.filter((each) => each !== undefined);
}

function probeCondition({ probe }: Seen): Condition | undefined {
  if (probe?.outcome !== "failed") return undefined;
  return {
    id: "probe",
    message: `the relay does not work as a client needs it: ${probe.problem ?? ""}`,
    todo: "look for errors in the log, and whether Cloudflare reports an outage (https://www.cloudflarestatus.com); undo the last deployment if it began then",
  };
}

function databaseCondition({ message }: Error): Condition {
  return {
    id: "database",
    message: `the database does not answer: ${message}`,
    todo: "look whether D1 has an outage (https://www.cloudflarestatus.com) or a limit of the plan is reached (dashboard, D1)",
    patience: DATABASE_PATIENCE,
  };
}

const CONSEQUENCES: Record<Exclude<Level, "ok">, string> = {
  filling: "from 90 % on nothing is stored from upstreams, and from 98 % on nothing at all",
  reserved: "nothing is stored from upstreams any more, and from 98 % on nothing at all",
  full: "only deletions and requests to vanish are stored",
};

function storageCondition({ level, percent }: Seen["size"]): Condition | undefined {
  if (level === "ok") return undefined;
  return {
    id: "storage",
    message: `the database is ${percent} % full: ${CONSEQUENCES[level]}`,
    todo: MAKE_ROOM,
    severity: LEVELS.length - LEVELS.findIndex(([, each]) => each === level),
  };
}

const SAVINGS: Record<Exclude<SpendingLevel, "free">, string> = {
  "no-pulls": "upstreams are not pulled",
  slow: "upstreams are not pulled, and clients have a quarter of RATE_LIMIT",
  stopped: "only admins are served",
};

function spendingCondition(spending: Seen["spending"]): Condition | undefined {
  if (spending === undefined) return undefined;
  if (spending instanceof Error)
    return {
      id: "counters",
      message: `the counters do not say what is spent, so SPEND_LIMIT goes by what was last known: ${spending.message}`,
      todo: "look for errors of CountersObject in the log",
      patience: DATABASE_PATIENCE,
    };
  const { level, spent, forecast, limit } = spending;
  if (level === "free") return undefined;
  return {
    id: "spending",
    message: `${dollars(spent)} of the ${dollars(limit)} of this month (SPEND_LIMIT) are spent, and at this rate it will be ${dollars(forecast)}: ${SAVINGS[level]}`,
    todo: "costs in GET /api/v1/stats says what the money is spent on; raise SPEND_LIMIT, or wait until the month is over",
    severity: SPENDING_LEVELS.indexOf(level),
  };
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

function cronCondition({ queues }: Watched, now: number): Condition | undefined {
  if (!queues) return undefined;
  return {
    id: "aggregator",
    message: `the aggregator's minute job has not run for ${lengthOf(now - queues.lookedAt)}: nothing is pulled`,
    todo: "look at the log of the aggregator, and whether its Cron trigger is there (dashboard, Workers, tributary-aggregator, Settings)",
  };
}

function queueCondition({ queues }: Watched, now: number): Condition | undefined {
  const oldest = queues?.oldest ?? null;
  if (oldest === null || now - oldest <= LONG_WAIT_SECONDS) return undefined;
  return {
    id: "queue",
    message: `events from upstreams have waited in the queue for ${lengthOf(now - oldest)}`,
    todo: "the aggregator's log says whether they fail (dead list shows those that never succeed); if there are just too many, pull fewer upstreams or give them filters",
  };
}

function lettersCondition({ letters }: Watched): Condition | undefined {
  if (letters < MANY_LETTERS) return undefined;
  return {
    id: "dead-letters",
    message: `${letters >= 100 ? "100 or more" : letters} events of upstreams could not be stored in the last day`,
    todo: "npm run nostr -- dead list shows the reasons; pause an upstream that sends forged events",
  };
}

function upstreamCondition(
  { url, problem, pulledTo, failures }: Watched["behind"][number],
  now: number,
): Condition {
  const since = pulledTo === null ? "has never been pulled" : `is ${lengthOf(now - pulledTo)} behind`;
  const why = problem === null ? "" : `, and the last ${failures} pulls failed: ${problem}`;
  return {
    id: `${UPSTREAM}${url}`,
    message: `the upstream ${url} ${since}${why}`,
    todo: "npm run nostr -- upstream test asks it from your machine; upstream pause stops pulling it",
  };
}

function lengthOf(seconds: number): string {
  if (seconds < 7200) return `${Math.floor(seconds / 60)} minutes`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} hours` : `${Math.floor(seconds / 86_400)} days`;
}
