/** Reads from several shards as from one. A filter with authors asks only the shards of these authors. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { newestFirst } from "../../nostr/event.ts";
import type { Filter } from "../../nostr/filter.ts";
import { mergeRegisters } from "../../nostr/hyperloglog.ts";
import { relevanceOf } from "../../nostr/relevance.ts";
import { phrasesOf } from "../../nostr/search.ts";
import { answerOfParts, CHARACTERS_FOR_ENTRY } from "../walks/read.ts";
import { MOST_RANKED, rankedText } from "../walks/search-walk.ts";
import type { Shard } from "./shard.ts";
import type {
  Answer,
  Countable,
  CountResult,
  FoundEvent,
  Query,
  ReadResult,
  StoredEvent,
  View,
} from "../store.ts";
import { type StepCost, sumOf, type Work } from "../work.ts";

/** Returns the number of the shard that has the events of an author. */
export function shardOf(pubkey: string, shards: number): number {
  return Number.parseInt(pubkey.slice(0, 8), 16) % shards;
}

/** Answers queries up to `head`, the end of the log before the first shard was asked. */
export async function* readShards(
  shards: readonly Shard[],
  queries: Query[],
  head: number,
): Work<ReadResult> {
  const asked = shards.map((_, shard) => partsFor(queries, shard, shards.length));
  const works = asked.map((parts, shard) => readShard(shards[shard] as Shard, shard, parts, head));
  const answers = yield* together(works);
  const merged: Answer[] = [];
  for (const [at, query] of queries.entries()) {
    const own = answers.map((answer) => answer.get(at)).filter((answer) => answer !== undefined);
    merged.push(yield* merge(query, own));
  }
  return { head, answers: merged };
}

/** The queries that concern one shard, by their place in the list, with the authors of this shard alone. */
type Parts = Map<number, Query>;

function partsFor(queries: readonly Query[], shard: number, shards: number): Parts {
  return new Map(
    queries.flatMap((query, at) => {
      const filter = filterFor(query.filter, shard, shards);
      return filter ? [[at, { ...query, filter }] as const] : [];
    }),
  );
}

/** Returns the part of a filter that concerns a shard. Undefined if no author is there. */
function filterFor(filter: Filter, shard: number, shards: number): Filter | undefined {
  if (!filter.authors) return filter;
  const authors = filter.authors.filter((author) => shardOf(author, shards) === shard);
  return authors.length > 0 ? { ...filter, authors } : undefined;
}

async function* readShard(
  store: Shard,
  shard: number,
  parts: Parts,
  head: number,
): Work<Map<number, Answer>> {
  if (parts.size === 0) return new Map();
  const queries = [...parts.values()];
  const { answers } = yield* store.read(queries);
  const whole = new Map<number, Answer>();
  for (const [n, at] of [...parts.keys()].entries()) {
    const answer = yield* upTo(head, store, queries[n] as Query, answers[n] as Answer);
    whole.set(at, { ...answer, events: answer.events.map((event) => ({ ...event, shard })) });
  }
  return whole;
}

/**
 * Leaves out what was stored after the log ended at `head`: it is delivered as live events. If the limit cut the answer, asks
 * for as many older events instead.
 */
async function* upTo(head: number, store: Shard, query: Query, answer: Answer): Work<Answer> {
  const events = answer.events.filter(({ seq }) => seq <= head);
  const missing = answer.events.length - events.length;
  const after = answer.events.at(-1);
  const isCut = answer.more && !answer.unfinished && query.filter.search === undefined;
  if (missing === 0 || !after || !isCut) return { ...answer, events };
  const rest = { ...query, limit: missing, after };
  const { answers } = yield* store.read([rest]);
  const older = yield* upTo(head, store, rest, answers[0] as Answer);
  return { ...older, events: [...events, ...older.events] };
}

/** Merges the answers of several shards to one query. */
async function* merge(query: Query, answers: Answer[]): Work<Answer> {
  const { order, filter } = query;
  const all = answers.flatMap(({ events }) => events);
  if (filter.search !== undefined) yield* rank(filter.search, answers, all);
  else all.sort(order === "asc" ? (a, b) => newestFirst(b, a) : newestFirst);
  return answerOfParts(all, query, answers);
}

/** Sorts matches of a search by rank. Each shard has ranked its own newest matches in the same way. */
async function* rank(search: string, answers: Answer[], all: FoundEvent[]): Work<void> {
  const phrases = phrasesOf(search);
  const scores = new Map<FoundEvent, number>();
  let cut = 0;
  for (const { events } of answers) {
    for (const event of events.slice(0, MOST_RANKED)) {
      const text = rankedText(event);
      scores.set(event, relevanceOf(text, phrases));
      cut += text.length;
    }
  }
  all.sort((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0) || newestFirst(a, b));
  const looked = Math.ceil(cut / CHARACTERS_FOR_ENTRY);
  if (looked > 0) yield { looked, charge: looked };
}

/** Loads events that `readShards` found, in the same order. */
export async function loadFromShards(shards: readonly Shard[], events: FoundEvent[]): Promise<StoredEvent[]> {
  const byShard = [...Map.groupBy(events, ({ shard = 0 }) => shard)];
  const loaded = await Promise.all(byShard.map(([shard, some]) => (shards[shard] as Shard).load(some)));
  const bySeq = new Map(loaded.flat().map((event) => [event.seq, event]));
  return events.flatMap(({ seq }) => bySeq.get(seq) ?? []);
}

/** A log page of the shards, up to `head`. It ends where the page of any shard ends that is not at its end. */
export async function logOfShards(shards: readonly Shard[], after: number, limit: number, head: number) {
  const pages = await Promise.all(shards.map((shard) => shard.log(after, limit)));
  const ends = pages.map(({ events, head: last }) => {
    const reached = events.at(-1)?.seq;
    return reached === undefined || reached >= last ? Infinity : reached;
  });
  const end = Math.min(head, ...ends);
  const events = pages
    .flatMap((page) => page.events)
    .filter(({ seq }) => seq <= end)
    .sort((a, b) => a.seq - b.seq);
  return { events: events.slice(0, limit), head };
}

/** Counts in all shards. Each event is in one of them. */
export async function* countInShards(shards: readonly Shard[], countables: Countable[]): Work<CountResult> {
  const works = shards.flatMap((shard, at) => {
    const own = countables.flatMap((countable) => {
      const filter = filterFor(countable.filter, at, shards.length);
      return filter ? [{ ...countable, filter }] : [];
    });
    return own.length > 0 ? [shard.count(own)] : [];
  });
  const counts = yield* together(works);
  const values = counts.flatMap(({ hll }) => hll ?? []);
  const registers = values.map((hll) => hexToBytes(hll));
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    isEstimate: counts.some(({ isEstimate }) => isEstimate),
    ...(values.length > 0 &&
      values.length === counts.length && { hll: bytesToHex(mergeRegisters(registers)) }),
  };
}

/** Bytes of a record: the time in eight, and the id. */
const RECORD = 40;

export async function* recordsOfShards(
  shards: readonly Shard[],
  filter: Filter,
  view: View,
  most: number,
): Work<Uint8Array | undefined> {
  const works = shards.flatMap((shard, at) => {
    const own = filterFor(filter, at, shards.length);
    return own ? [shard.records(own, view, most)] : [];
  });
  const parts: Uint8Array[] = [];
  for (const part of yield* together(works)) {
    if (!part) return undefined;
    parts.push(part);
  }
  const records = parts.flatMap(hexRecords);
  const { limit = Infinity } = filter;
  const wanted = records.length > limit ? records.sort(newestRecordFirst).slice(0, limit) : records;
  return wanted.length > Math.max(most, 0) ? undefined : hexToBytes(wanted.sort().join(""));
}

function hexRecords(bytes: Uint8Array): string[] {
  const hex = bytesToHex(bytes);
  return Array.from({ length: bytes.length / RECORD }, (_, at) =>
    hex.slice(2 * RECORD * at, 2 * RECORD * (at + 1)),
  );
}

/** In the order of events: the newest first, at the same second the lowest id. */
function newestRecordFirst(a: string, b: string): number {
  const [timeA, timeB] = [a.slice(0, 16), b.slice(0, 16)];
  if (timeA !== timeB) return timeA > timeB ? -1 : 1;
  return a < b ? -1 : 1;
}

/** Runs works side by side, a step of each at a time. Together they stay within what is left. */
async function* together<T>(works: Work<T>[]): Work<T[]> {
  const results: T[] = [];
  let running = works.map((work, at) => ({ work, at }));
  for (let left: number | undefined; ;) {
    // At least 1: 0 would end the work.
    const share = left === undefined || left === 0 ? left : Math.max(1, Math.floor(left / running.length));
    const steps = await Promise.all(
      running.map(async ({ work, at }) => ({ work, at, step: await work.next(share) })),
    );
    const costs: StepCost[] = [];
    running = steps.flatMap(({ work, at, step }) => {
      if (step.done) results[at] = step.value;
      else costs.push(step.value);
      return step.done ? [] : [{ work, at }];
    });
    if (running.length === 0) return results;
    left = yield sumOf(costs);
  }
}
