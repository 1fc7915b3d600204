/** The answer of `GET /api/v1/stats`. It imports nothing, so that a web page may import it. */

/** The ranges, and how many steps of how many seconds each has. */
export const RANGES = {
  hour: { step: 60, steps: 60 },
  day: { step: 900, steps: 96 },
  month: { step: 14_400, steps: 186 },
} as const;

export type RangeName = keyof typeof RANGES;

export interface StatsAnswer {
  range: RangeName;
  /** Seconds of each step. */
  step: number;
  /** The beginning of each step, in Unix seconds. The last step is complete. All lists of values are as long. */
  times: number[];
  /** What counters grew by in each step. null: nothing was reported, because the relay did not run. Those that did not grow are left out. */
  counters: { name: string; labels: Readonly<Record<string, string>>; values: (number | null)[] }[];
  /** The last value in each step. */
  gauges: { name: string; labels: Readonly<Record<string, string>>; values: (number | null)[] }[];
  /** Seconds, estimated from the buckets of a histogram. null: there was none in this step. */
  latencies: {
    name: string;
    labels: Readonly<Record<string, string>>;
    p50: (number | null)[];
    p99: (number | null)[];
  }[];
  /** Dollars, beyond what the plan includes. */
  costs: {
    /** Since midnight UTC. */
    today: Record<string, number>;
    /** Since the first of the month, UTC. */
    month: Record<string, number>;
    /** What was used since the first of the month, in the unit that is billed. */
    used: Record<string, number>;
    /** Dollars a month. null: there is no limit. */
    limit: number | null;
    /** What the month costs if the rest of it is like the last day. */
    forecast: number;
    /** What the relay does to stay below the limit: free, no-pulls, slow or stopped. */
    level: string;
    /** What each source has used in each step, as if the plan included nothing. null: nothing was reported. */
    sources: { source: string; item: string; values: (number | null)[] }[];
  };
}

/** What anybody may know, for a home page. It tells nothing about private events. */
export interface PublicFigures {
  connections: number;
  /** Public events stored since midnight UTC. */
  eventsToday: number;
  /** When the last public event was stored, in Unix seconds, up to 30 seconds late. null: none yet. */
  lastEventAt: number | null;
  /** Public events in the database. It may be an estimate. */
  stored: number;
}
