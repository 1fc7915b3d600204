/** Reads over HTTP: one page of events, or a count. They use the common path of all reads. */
import type { Refusal } from "../nostr/message.ts";
import type { Context } from "hono";
import type { Filter } from "../nostr/filter.ts";
import { countedBy } from "../relay/session/count.ts";
import { COUNT_COST, type Reader, type Reading, type ReadOutcome } from "../relay/reads.ts";
import { loadable } from "../store/read.ts";
import type { Answer, Countable, CountResult, Query, Store, StoredEvent, View } from "../store/store.ts";
import type { Work } from "../store/work.ts";
import type { AppEnv } from "./app-env.ts";
import { cursorAfter } from "./event-query.ts";
import { refusalOfAddress } from "./blocked.ts";
import { orUnavailable } from "./problem.ts";
import { clientOf } from "./rate-limit.ts";

/** About the maximum bytes of events in one page. The cursor continues after them. */
export const PAGE_BYTES = 2_000_000;

export interface Page {
  events: StoredEvent[];
  /** The cursor of the next page; undefined if there is none. */
  cursor: string | undefined;
  /** Whether everything that the page covers was looked at. */
  isWhole: boolean;
  /** Why the answer is incomplete, if no cursor is possible. */
  unfinished?: string;
}

type Read<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export async function readPage(c: Context<AppEnv>, asked: Omit<Query, "view">): Promise<Read<Page>> {
  const { store, reads, now } = c.env;
  const query = { ...asked, view: strangersView(now()) };
  const filter = { ...asked.filter, limit: asked.limit };
  const outcome = await run(c, filter, () => pageOf(store, query), { sends: true });
  if (outcome.kind === "refused") return { ok: false, refusal: outcome.refusal };
  const page = outcome.value;
  if (!page) throw new Error("the store gave no answer to a query");
  reads.charge(readerOf(c), page.events);
  const isLost = outcome.kind === "stopped" && !page.isWhole && page.cursor === undefined;
  if (!isLost) return { ok: true, value: page };
  if (page.events.length === 0) return { ok: false, refusal: outcome.refusal };
  return { ok: true, value: { ...page, unfinished: outcome.refusal.reason } };
}

export async function readCount(
  c: Context<AppEnv>,
  asked: Pick<Countable, "filter" | "keyword">,
): Promise<Read<CountResult>> {
  const { store, now } = c.env;
  const view = strangersView(now());
  const outcome = await run(c, asked.filter, () => store.count([{ ...asked, view }]), {
    mostLooked: Infinity,
    firstCost: COUNT_COST,
  });
  return countedBy(outcome);
}

/** Rejects with 503 if the store fails, or if the turn of the read does not come in time. */
function run<T>(
  c: Context<AppEnv>,
  filter: Filter,
  work: () => Work<T>,
  options: Pick<Reading<T>, "sends" | "mostLooked" | "firstCost">,
): Promise<Exclude<ReadOutcome<T>, { kind: "dropped" }>> {
  const reader = readerOf(c);
  return orUnavailable(async () => {
    const outcome = await c.env.reads.run({ reader, filters: [filter], work, owner: c, ...options });
    if (outcome.kind === "dropped") throw new Error("a read over HTTP waited too long for its turn");
    return outcome;
  });
}

/** Over HTTP a client has no keys. */
function readerOf(c: Context<AppEnv>): Reader {
  const { network } = clientOf(c);
  const keys = new Set<string>();
  const { access } = c.env;
  return {
    network,
    keys,
    client: network ?? c,
    mayProbablyRead: access.isProbablyOpen,
    refuseRead: async () => (await refusalOfAddress(c)) ?? access.refuseRead(keys),
  };
}

function strangersView(now: number): View {
  return { keys: [], now };
}

async function* pageOf(store: Pick<Store, "read" | "load">, query: Query): Work<Page | undefined> {
  const { answers } = yield* store.read([query]);
  const [answer] = answers;
  if (!answer) return undefined;
  const events: StoredEvent[] = [];
  let bytes = 0;
  for (const group of loadable(answer.events)) {
    const loaded = await store.load(group);
    events.push(...loaded);
    bytes += group.reduce((sum, { size }) => sum + size, 0);
    const last = group.at(-1);
    const isStopped =
      group.some(({ json }) => json === undefined) &&
      (yield { looked: group.length, charge: group.length }) === 0;
    if ((isStopped || bytes >= PAGE_BYTES) && last !== answer.events.at(-1)) {
      return { events, cursor: hasPages(query) && last ? cursorAfter(last) : undefined, isWhole: false };
    }
  }
  return {
    events,
    cursor: hasPages(query) ? cursorOf(answer, query) : undefined,
    isWhole: answer.unfinished === undefined,
  };
}

function cursorOf({ events, more, unfinished }: Answer, { order }: Query): string | undefined {
  const last = events.at(-1);
  if (!unfinished) return more && last ? cursorAfter(last) : undefined;
  const { reached } = unfinished;
  if (reached === undefined) return undefined;
  // The answer has all of the previous second, so the next page begins with this one.
  return order === "asc"
    ? cursorAfter({ created_at: Math.max(0, reached - 1), id: "0".repeat(64) })
    : cursorAfter({ created_at: reached + 1, id: "f".repeat(64) });
}

/** Answers a search: one page, best match first. */
function hasPages({ filter }: Query): boolean {
  return filter.search === undefined;
}
