/**
 * Reads over HTTP: one page of events, or a count. They use the common path of all reads. A client that already has the answer is
 * told so instead, after the same checks and before any event is read.
 */
import type { Context } from "hono";
import { newestFirst } from "../nostr/event.ts";
import type { Refusal } from "../nostr/message.ts";
import { countedBy } from "../relay/session/count.ts";
import { COUNT_COST, type Reading, type ReadOutcome } from "../relay/reads.ts";
import { answerOfParts, loadable, loadingCost } from "../store/walks/read.ts";
import type { Answer, Countable, CountResult, Query, Store, StoredEvent, View } from "../store/store.ts";
import type { Work } from "../store/work.ts";
import type { AppEnv } from "./app-env.ts";
import { hasAlready, listTag } from "./caching.ts";
import { cursorAfter } from "./event-query.ts";
import { orUnavailable } from "./problem.ts";
import { type Keys, readerOf } from "./reader.ts";

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

/** Who asks. `isTagged`: the answer has an entity tag, if it is the same for everybody. */
interface Asking {
  keys: Keys;
  isTagged: boolean;
}

export interface Asked extends Asking {
  /** They differ only in their filters, and are answered as one. */
  parts: [Omit<Query, "view">, ...Omit<Query, "view">[]];
}

/** `tag` is the entity tag of the answer, if it has one. */
export type Read<T> =
  | { kind: "read"; value: T; tag?: string }
  | { kind: "unchanged"; tag: string }
  | { kind: "refused"; refusal: Refusal };

export async function readPage(c: Context<AppEnv>, asked: Asked): Promise<Read<Page>> {
  const { store, reads, now } = c.env;
  const { keys, parts } = asked;
  const view = viewOf(keys, now());
  const queries = parts.map((part): Query => ({ ...part, view }));
  const filters = parts.map(({ filter, limit }) => ({ ...filter, limit }));
  const outcome = await run(c, asked, { filters, work: () => pageOf(store, queries), sends: true });
  if (outcome.kind === "refused") return outcome;
  const { value: page, tag } = outcome.value;
  if (page === UNCHANGED) return { kind: "unchanged", tag };
  if (!page) throw new Error("the store gave no answer to a query");
  reads.charge(readerOf(c, keys), page.events);
  const isLost = outcome.kind === "stopped" && !page.isWhole && page.cursor === undefined;
  if (!isLost) return { kind: "read", value: page, ...(tag !== undefined && { tag }) };
  if (page.events.length === 0) return { kind: "refused", refusal: outcome.refusal };
  return { kind: "read", value: { ...page, unfinished: outcome.refusal.reason } };
}

export async function readCount(
  c: Context<AppEnv>,
  keys: Keys,
  asked: Pick<Countable, "filter" | "keyword">,
): Promise<Read<CountResult>> {
  const { store, now } = c.env;
  const view = viewOf(keys, now());
  const outcome = await run(
    c,
    { keys, isTagged: true },
    {
      filters: [asked.filter],
      work: () => store.count([{ ...asked, view }]),
      mostLooked: Infinity,
      firstCost: COUNT_COST,
    },
  );
  if (outcome.kind === "refused") return outcome;
  const { value, tag } = outcome.value;
  if (value === UNCHANGED) return { kind: "unchanged", tag };
  const counted = countedBy({ ...outcome, value });
  if (!counted.ok) return { kind: "refused", refusal: counted.refusal };
  return { kind: "read", value: counted.value, ...(tag !== undefined && { tag }) };
}

const UNCHANGED = Symbol("unchanged");

type Tagged<T> = { value: T; tag: string | undefined } | { value: typeof UNCHANGED; tag: string };

/** Rejects with 503 if the store fails, or if the turn of the read does not come in time. */
function run<T>(
  c: Context<AppEnv>,
  asking: Asking,
  { work, ...reading }: Omit<Reading<T>, "reader" | "owner">,
): Promise<Exclude<ReadOutcome<Tagged<T>>, { kind: "dropped" }>> {
  const reader = readerOf(c, asking.keys);
  return orUnavailable(async () => {
    const tagged = () => withTag(c, asking, work());
    const outcome = await c.env.reads.run({ ...reading, reader, work: tagged, owner: c });
    if (outcome.kind === "dropped") throw new Error("a read over HTTP waited too long for its turn");
    return outcome;
  });
}

/** The tag is asked for before anything else, so it is never newer than the answer. */
async function* withTag<T>(c: Context<AppEnv>, { keys, isTagged }: Asking, work: Work<T>): Work<Tagged<T>> {
  if (keys.size > 0 || !isTagged) return { value: yield* work, tag: undefined };
  const tagging = listTag(c.env);
  // Awaited below, after the read has succeeded or failed.
  tagging.catch(() => undefined);
  if (c.req.header("if-none-match") !== undefined) {
    const tag = await tagging;
    if (tag !== undefined && hasAlready(c, tag)) return { value: UNCHANGED, tag };
  }
  const value = yield* work;
  return { value, tag: await tagging };
}

function viewOf(keys: Keys, now: number): View {
  return { keys: [...keys], now };
}

async function* pageOf(store: Pick<Store, "read" | "load">, queries: Query[]): Work<Page | undefined> {
  const { answers } = yield* store.read(queries);
  const [query] = queries;
  if (!query || answers.length < queries.length) return undefined;
  const answer = answerOfAll(query, answers);
  const events: StoredEvent[] = [];
  let bytes = 0;
  const groups = loadable(answer.events);
  for (const [at, group] of groups.entries()) {
    const cost = loadingCost(group);
    const loaded = await store.load(group);
    events.push(...loaded);
    bytes += group.reduce((sum, { size }) => sum + size, 0);
    const last = group.at(-1);
    const isStopped =
      group.some(({ json }) => json === undefined) &&
      (yield { ...cost, next: loadingCost(groups[at + 1] ?? []) }) === 0;
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

function answerOfAll(query: Query, answers: Answer[]): Answer {
  const [only] = answers;
  if (only && answers.length === 1) return only;
  const bySeq = new Map(answers.flatMap(({ events }) => events.map((event) => [event.seq, event])));
  const all = [...bySeq.values()].toSorted(newestFirst);
  return answerOfParts(query.order === "asc" ? all.toReversed() : all, query, answers);
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
