/**
 * The stored answer to a REQ: each filter has a limit, each event comes once, in groups of a few megabytes (NIP-01).
 */
import { newestFirst } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import { letGo, loadable, loadingCost } from "../store/walks/read.ts";
import type { Answer, FoundEvent, Query, Store, StoredEvent, View } from "../store/store.ts";
import type { Work } from "../store/work.ts";
import type { Config } from "./config.ts";

export interface StoredAnswer {
  /** Whether a filter matches more events than were sent. */
  more: boolean;
  /** The end of the log that the answer covers. */
  head: number;
  /** Present if the work was stopped. If `reached` is known, all matches newer than this second were sent. */
  unfinished?: { reached: number | undefined };
}

/**
 * Calls `send` with the events, newest first, at the same second the lowest id first. If a filter has a search (NIP-50),
 * the filters are answered one after the other, each in its own order.
 */
export async function* answerFilters(
  store: Pick<Store, "read" | "load">,
  { filters, view }: { filters: Filter[]; view: View },
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT" | "EOSE_HINTS">,
  send: (events: StoredEvent[]) => void,
): Work<StoredAnswer> {
  const queries = filters.map((filter): Query => ({
    filter,
    view,
    limit: boundedLimit(filter.limit, config),
  }));
  // Many clients ask for live events alone. Only a hint would say whether there are stored ones.
  const wanted = config.EOSE_HINTS === "on" ? queries : queries.filter(({ limit }) => limit > 0);
  const { answers, head } = yield* store.read(wanted);
  const more = answers.some((answer) => answer.more);
  const isSearch = filters.some(({ search }) => search !== undefined);
  const stoppedAt = yield* sendAll(store, inOrder(answers, isSearch), send, answers.some(isUnfinished));
  if (stoppedAt)
    return { more: true, head, unfinished: { reached: isSearch ? undefined : stoppedAt.created_at } };
  const unfinished = answers.flatMap((answer) => (answer.unfinished ? [answer.unfinished.reached] : []));
  if (unfinished.length === 0) return { more, head };
  const seconds = unfinished.filter((reached) => reached !== undefined);
  const reached = seconds.length < unfinished.length ? undefined : Math.max(...seconds);
  return { more, head, unfinished: { reached } };
}

/** Sends the events. If the work was stopped early, returns the last event that was sent. */
async function* sendAll(
  store: Pick<Store, "load">,
  events: FoundEvent[],
  send: (events: StoredEvent[]) => void,
  isStopped: boolean | undefined,
): Work<FoundEvent | undefined> {
  let last: FoundEvent | undefined;
  const groups = loadable(events);
  for (const [at, group] of groups.entries()) {
    const isHeld = group.every(({ json }) => json !== undefined);
    if (!isHeld && isStopped) return last ?? group[0];
    const cost = loadingCost(group);
    await sendGroup(store, group, send);
    last = group.at(-1);
    if (isHeld) continue;
    const rest = groups.slice(at + 1).flat();
    const isLast = rest.length === 0;
    // It may wait long for a client that does not read.
    letGo(rest);
    const next = loadingCost(groups[at + 1] ?? []);
    isStopped = (yield { ...cost, isLast, next }) === 0;
  }
  return undefined;
}

/**
 * Sends events and lets go of them, because the read may wait for its next turn. It is a function of its own: a generator
 * would hold what it has loaded.
 */
async function sendGroup(
  store: Pick<Store, "load">,
  group: FoundEvent[],
  send: (events: StoredEvent[]) => void,
): Promise<void> {
  send(await store.load(group));
  for (const event of group) event.json = undefined;
}

function inOrder(answers: Answer[], isSearch: boolean): FoundEvent[] {
  const bySeq = new Map(answers.flatMap(({ events }) => events.map((event) => [event.seq, event])));
  const found = [...bySeq.values()];
  return answers.length === 1 || isSearch ? found : found.sort(newestFirst);
}

function isUnfinished({ unfinished }: Answer): boolean {
  return unfinished !== undefined;
}

/** Returns the maximum number of stored events for a filter. */
export function boundedLimit(
  asked: number | undefined,
  config: Pick<Config, "DEFAULT_LIMIT" | "MAX_LIMIT">,
): number {
  return Math.min(asked ?? config.DEFAULT_LIMIT, config.MAX_LIMIT);
}

/** Yields pages of the log after a position, oldest first, to its end. Each page says up to where it covers the log. */
export async function* readLog(
  store: Pick<Store, "log">,
  after: number,
): AsyncGenerator<{ events: StoredEvent[]; coveredTo: number }> {
  for (let from = after; ;) {
    const { events, head } = await store.log(from, LOG_PAGE);
    // A page may be short because its events are long, so a short page is not the end of the log.
    const coveredTo = events.at(-1)?.seq ?? Math.max(head, from);
    yield { events, coveredTo };
    if (coveredTo >= head) return;
    from = coveredTo;
  }
}

const LOG_PAGE = 200;
