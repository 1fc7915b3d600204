/** Cloudflare's prices on the Workers Paid plan. docs/operating.md has the same, which a test checks. */

/** When they were read. */
export const PRICES_READ = "November 2026";

export interface Price {
  /** What is billed, as the table of `npm run bill` names it. */
  line: string;
  /** How much the plan includes each month. */
  included: number;
  /** Dollars for `amount` beyond that. */
  dollars: number;
  amount: number;
  /** The page of Cloudflare's documentation. */
  page: string;
}

const MILLION = 1_000_000;
const DOCS = "https://developers.cloudflare.com";
const WORKERS = `${DOCS}/workers/platform/pricing/`;
const D1 = `${DOCS}/d1/platform/pricing/`;
const OBJECTS = `${DOCS}/durable-objects/platform/pricing/`;

/** Dollars a month, whatever is used. */
export const PLAN = 5;

export const PRICES = {
  requests: {
    line: "Workers: requests",
    included: 10 * MILLION,
    dollars: 0.3,
    amount: MILLION,
    page: WORKERS,
  },
  cpu: { line: "Workers: CPU ms", included: 30 * MILLION, dollars: 0.02, amount: MILLION, page: WORKERS },
  objectRequests: {
    line: "Objects: requests",
    included: MILLION,
    dollars: 0.15,
    amount: MILLION,
    page: OBJECTS,
  },
  objectDuration: {
    line: "Objects: duration, GB-s",
    included: 400_000,
    dollars: 12.5,
    amount: MILLION,
    page: OBJECTS,
  },
  objectRowsWritten: {
    line: "Objects: rows written",
    included: 50 * MILLION,
    dollars: 1,
    amount: MILLION,
    page: OBJECTS,
  },
  rowsRead: { line: "D1: rows read", included: 25_000 * MILLION, dollars: 0.001, amount: MILLION, page: D1 },
  rowsWritten: { line: "D1: rows written", included: 50 * MILLION, dollars: 1, amount: MILLION, page: D1 },
  storage: { line: "D1: storage, GB", included: 5, dollars: 0.75, amount: 1, page: D1 },
  queueOperations: {
    line: "Queues: operations",
    included: MILLION,
    dollars: 0.4,
    amount: MILLION,
    page: `${DOCS}/queues/platform/pricing/`,
  },
  /** Announced, and not billed yet. */
  points: {
    line: "Analytics Engine: points",
    included: 10 * MILLION,
    dollars: 0.25,
    amount: MILLION,
    page: `${DOCS}/analytics/analytics-engine/pricing/`,
  },
  /** From 1 December 2026. */
  logs: { line: "Logs, GB", included: 50, dollars: 0.25, amount: 1, page: `${DOCS}/observability/pricing/` },
} as const satisfies Record<string, Price>;

export type Billed = keyof typeof PRICES;

/** A WebSocket message of a client is this share of a request to an object. Messages to clients are free. */
export const REQUESTS_PER_MESSAGE = 1 / 20;

/** An object is billed with this much memory while it is awake. It is not billed while it could hibernate. */
export const OBJECT_GB = 0.128;

/** A message of a queue is written, read and deleted. */
export const OPERATIONS_PER_MESSAGE = 3;

/** The size that one D1 database may reach, in GB. https://developers.cloudflare.com/d1/platform/limits/ */
export const DATABASE_GB = 10;

/** Returns the dollars for this amount in a month. */
export function costOf({ included, dollars, amount }: Price, used: number): number {
  return (Math.max(0, used - included) / amount) * dollars;
}
