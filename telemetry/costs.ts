/** What the relay has used, in dollars. Only what the relay itself can count. */
import { Counts } from "./counts.ts";
import type { Sample } from "./history.ts";
import type { Source } from "./labels.ts";
import { costOf, OPERATIONS_PER_MESSAGE, PRICES, REQUESTS_PER_MESSAGE } from "./prices.ts";

/**
 * What is counted. CPU time, the duration of objects, storage and logs are not: the relay cannot see them. Of the requests of
 * objects, the alarms are not.
 */
export type Item = "requests" | "objectRequests" | "rowsRead" | "rowsWritten" | "queueOperations";

type Totals = Pick<Counts, "total">;

const SOURCES: readonly Source[] = ["websocket", "http", "queue", "upstream", "cron"];

/** Returns what all sources have used, or one. */
export function usageOf(counts: Totals, source?: Source): Record<Item, number> {
  const of = source === undefined ? {} : { source };
  const isOfClients = source === undefined || source === "websocket";
  const messages = isOfClients ? counts.total("message_received_counts", { source: "websocket" }) : 0;
  return {
    requests: counts.total("invocations_total", of),
    objectRequests: counts.total("object_requests_total", of) + messages * REQUESTS_PER_MESSAGE,
    rowsRead: counts.total("d1_rows_read_total", of),
    rowsWritten: counts.total("d1_rows_written_total", of),
    queueOperations: counts.total("queue_publish_counts", of) * OPERATIONS_PER_MESSAGE,
  };
}

/** Returns the dollars of a month so far, beyond what the plan includes, how much of them is of today, and what was used. */
export function costsOf(
  month: Totals,
  today: Totals,
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

/** The dollars of one item of one source, in each step. null: nothing was reported. */
interface CostsOfSource {
  source: Source;
  item: Item;
  values: (number | null)[];
}

/** Returns what each source has used in each step, as if the plan included nothing. Those that used nothing are left out. */
export function costsOfSteps(samples: readonly (Sample | undefined)[]): CostsOfSource[] {
  const steps = samples.map((sample) => {
    if (!sample) return undefined;
    const counts = new Counts();
    counts.addAll(sample.series);
    return counts;
  });
  return SOURCES.flatMap((source) => {
    const used = steps.map((counts) => counts && usageOf(counts, source));
    const items = Object.keys(usageOf(new Counts())) as Item[];
    return items
      .filter((item) => used.some((usage) => usage && usage[item] > 0))
      .map((item) => ({
        source,
        item,
        values: used.map((usage) => (usage ? costOf({ ...PRICES[item], included: 0 }, usage[item]) : null)),
      }));
  });
}
