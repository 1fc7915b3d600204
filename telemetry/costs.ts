/** What the relay has used, in dollars. Only what the relay itself can count. */
import type { Counts } from "./counts.ts";
import { costOf, OPERATIONS_PER_MESSAGE, PRICES, REQUESTS_PER_MESSAGE } from "./prices.ts";

/**
 * What is counted. CPU time, the duration of objects, storage and logs are not: the relay cannot see them. Of the requests of
 * objects, the alarms are not.
 */
export type Item = "requests" | "objectRequests" | "rowsRead" | "rowsWritten" | "queueOperations";

export function usageOf(counts: Pick<Counts, "total">): Record<Item, number> {
  const messages = counts.total("message_received_counts", { source: "websocket" });
  return {
    requests: counts.total("invocations_total"),
    objectRequests: counts.total("object_requests_total") + messages * REQUESTS_PER_MESSAGE,
    rowsRead: counts.total("d1_rows_read_total"),
    rowsWritten: counts.total("d1_rows_written_total"),
    queueOperations: counts.total("queue_publish_counts") * OPERATIONS_PER_MESSAGE,
  };
}

/** Returns the dollars of a month so far, beyond what the plan includes, how much of them is of today, and what was used. */
export function costsOf(
  month: Pick<Counts, "total">,
  today: Pick<Counts, "total">,
): Record<"today" | "month" | "used", Record<Item, number>> {
  const [all, ofToday] = [usageOf(month), usageOf(today)];
  const items = Object.keys(all) as Item[];
  const dollars = (item: Item, used: number) => costOf(PRICES[item], used);
  const figures = (of: (item: Item) => number) =>
    Object.fromEntries(items.map((item) => [item, of(item)])) as Record<Item, number>;
  return {
    used: all,
    month: figures((item) => dollars(item, all[item])),
    today: figures((item) => dollars(item, all[item]) - dollars(item, all[item] - ofToday[item])),
  };
}
