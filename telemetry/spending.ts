/** How much of the month's limit is spent, what the month will cost, and how much less the relay must do because of it. */
import { type Item, usageOf } from "./costs.ts";
import type { Counts } from "./counts.ts";
import { costOf, PRICES } from "./prices.ts";

/** What the relay does to spend less. Each level does what those before it do. */
export const SPENDING_LEVELS = ["free", "no-pulls", "slow", "stopped"] as const;

export type SpendingLevel = (typeof SPENDING_LEVELS)[number];

/** All in dollars, of this month, beyond what the plan includes. */
export interface Spending {
  level: SpendingLevel;
  spent: number;
  /** What the month costs if the rest of it is like the last day. */
  forecast: number;
  limit: number;
}

/** The answer of the counters to a report. A deployment without a limit answers nothing. */
export interface ReportAnswer {
  spending: SpendingLevel;
}

interface Usage {
  /** The limit. */
  limit: number;
  /** All that was counted this month, and since `dayFrom`. */
  month: Pick<Counts, "total">;
  day: Pick<Counts, "total">;
  /** Unix seconds, as the others. */
  dayFrom: number;
  monthEnd: number;
  now: number;
}

/**
 * Shares of the limit. Stopping leaves a reserve for what goes on: refusals, the minute jobs, metrics, management, and what is
 * spent until all hubs know. The other levels need that share to be spent, and a forecast that is above another share. For pulls
 * that is lower, so that pulls alone never bring the relay to refuse its clients.
 */
export const MARKS = {
  "no-pulls": { spent: 0.5, forecast: 0.9 },
  slow: { spent: 0.8, forecast: 0.95 },
  stopped: { spent: 0.95 },
} as const;

export function spendingOf({ limit, month, day, dayFrom, monthEnd, now }: Usage): Spending {
  const [used, ofDay] = [usageOf(month), usageOf(day)];
  const rest = (monthEnd - now) / Math.max(1, now - dayFrom);
  const items = Object.keys(used) as Item[];
  const dollars = (amountOf: (item: Item) => number) =>
    items.reduce((sum, item) => sum + costOf(PRICES[item], amountOf(item)), 0);
  const spent = dollars((item) => used[item]);
  const forecast = dollars((item) => used[item] + ofDay[item] * rest);
  return { level: levelOf(spent / limit, forecast / limit), spent, forecast, limit };
}

/** Takes shares of the limit. */
function levelOf(spent: number, forecast: number): SpendingLevel {
  if (spent >= MARKS.stopped.spent) return "stopped";
  const isReached = (level: "slow" | "no-pulls") =>
    spent >= MARKS[level].spent && forecast > MARKS[level].forecast;
  if (isReached("slow")) return "slow";
  return isReached("no-pulls") ? "no-pulls" : "free";
}
