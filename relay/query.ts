/** A REQ's stored answer: every filter bounded, all of them from one snapshot, each event once (NIP-01, NIP-67). */
import { newestFirst } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { Cost } from "../store/database.ts";
import type { Query, Store, StoredEvent, View } from "../store/store.ts";
import type { Config } from "./config.ts";

export interface StoredAnswer {
  /** Newest first, ties by lowest id. When a filter searches (NIP-50): in the filters' order, each in its own. */
  events: StoredEvent[];
  /** True when a filter matches more than it was answered with. */
  more: boolean;
  /** The last place of the log that the answer knows of. */
  head: number;
  cost: Cost;
}

export async function answerFilters(
  store: Pick<Store, "read">,
  filters: Filter[],
  view: View,
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT">,
): Promise<StoredAnswer> {
  const queries = filters.map((filter): Query => ({
    filter,
    view,
    limit: boundedLimit(filter.limit, config),
  }));
  const { answers, head, cost } = await store.read(queries);
  const bySeq = new Map(answers.flatMap(({ events }) => events.map((event) => [event.seq, event])));
  const found = [...bySeq.values()];
  const isInOrder = filters.length === 1 || filters.some(({ search }) => search !== undefined);
  return {
    events: isInOrder ? found : found.toSorted(newestFirst),
    more: answers.some(({ more }) => more),
    head,
    cost,
  };
}

/** How many stored events a filter is answered with. */
export function boundedLimit(
  asked: number | undefined,
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT">,
): number {
  return Math.min(asked ?? config.DEFAULT_LIMIT, config.MAX_LIMIT);
}

/** Pages of the log after `after`, oldest first, to its end. Each says up to where the log is told with it. */
export async function* readLog(
  store: Pick<Store, "log">,
  after: number,
): AsyncGenerator<{ events: StoredEvent[]; upTo: number }> {
  for (let from = after; ;) {
    const { events, head } = await store.log(from, LOG_PAGE);
    // A page may be short because its events are long: only the end of the log is the end.
    const upTo = events.at(-1)?.seq ?? Math.max(head, from);
    yield { events, upTo };
    if (upTo >= head) return;
    from = upTo;
  }
}

const LOG_PAGE = 200;
