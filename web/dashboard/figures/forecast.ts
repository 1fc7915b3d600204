/** What this month will cost, if it goes on as it went so far. */
import { type Billed, costOf, PRICES } from "../../../telemetry/prices.ts";

const DAY_SECONDS = 86_400;

export interface ItemCost {
  item: Billed;
  line: string;
  used: number;
  included: number;
  /** Dollars of the month so far, beyond what the plan includes. */
  month: number;
}

/** Returns the items that the relay counts and knows a price of. */
export function itemsOf(used: Record<string, number>, month: Record<string, number>): ItemCost[] {
  return (Object.keys(PRICES) as Billed[])
    .filter((item) => used[item] !== undefined)
    .map((item) => ({
      item,
      line: PRICES[item].line,
      used: used[item] ?? 0,
      included: PRICES[item].included,
      month: month[item] ?? 0,
    }));
}

/** Returns the dollars of the whole month (UTC); undefined in its first day, of which little can be said. */
export function forecastOf(used: Record<string, number>, now: number): number | undefined {
  const date = new Date(1000 * now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const [start, end] = [Date.UTC(year, month) / 1000, Date.UTC(year, month + 1) / 1000];
  if (now - start < DAY_SECONDS) return undefined;
  const growth = (end - start) / (now - start);
  return itemsOf(used, {}).reduce((sum, one) => sum + costOf(PRICES[one.item], growth * one.used), 0);
}

export function sumOfDollars(items: Record<string, number>): number {
  return Object.values(items).reduce((sum, value) => sum + value, 0);
}
