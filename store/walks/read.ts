/** Answers queries in bounded steps. One step is one round trip to the database, shared by all unfinished walks. */
import { newestFirst } from "../../nostr/event.ts";
import { isOneValue, limitedTo, prepare } from "./conditions.ts";
import { costOf, type Database, type SqlResult } from "../database/database.ts";
import type { Dense } from "./dense.ts";
import { type Driver, driversOf, type Part, partsOf } from "./plan.ts";
import type { Answer, FoundEvent, Query, ReadResult, StoredEvent } from "../store.ts";
import { IdWalk } from "./id-walk.ts";
import { ListWalk } from "./list-walk.ts";
import { SearchWalk } from "./search-walk.ts";
import { AddressWalk } from "./address-walk.ts";
import { VersionWalk } from "./version-walk.ts";
import { TimedWalk } from "./timed-walk.ts";
import {
  columns,
  EVENT_JSON,
  foundIn,
  NO_JSON,
  type Room,
  type Row,
  type Statement,
  type Walk,
} from "./walk.ts";
import { ROWS_FOR_ENTRY, STEP_ENTRIES, type StepCost, type Work } from "../work.ts";

/** Maximum bytes of events that one step returns as JSON. `loadEvents` loads the longest ones later if they do not fit in. */
export const STEP_BYTES = 2_000_000;

/**
 * A read that waits for its next turn holds this many bytes of events. `loadEvents` loads the others later. Searches hold more,
 * because they rank the texts.
 */
export const HELD_BYTES = 256_000;
export const HELD_BY_SEARCH = 2_000_000;
/** In bytes. If the events that are still without JSON have no more, they are loaded in the same turn. */
const LOADED_AT_ONCE = 125_000;

/** In bytes. A page of the log loads longer events in a second step. */
export const LONG_EVENT_BYTES = 8000;

/** Maximum bytes of content and tags in one page of the log or of loaded events. The first event may have more. */
export const READ_BYTES = 1_000_000;

/**
 * Characters of text that one step of ranking splits into terms, and how many of them cost as much as one index entry.
 */
const STEP_CHARACTERS = 100_000;
export const CHARACTERS_FOR_ENTRY = 5;

/** This many characters of a list (four keys) cost as much as one index entry, even if nothing is found. */
export const LISTED_CHARACTERS_FOR_ENTRY = 256;

const HEAD = "SELECT max(seq) AS head FROM event";

interface Head {
  head: number | null;
}

/** One query with a walk for each of its parts. */
export interface Question {
  query: Query;
  walks: Walk[];
}

export async function* readQueries(db: Database, queries: Query[], dense: Dense): Work<ReadResult> {
  const questions = queries.map((query) => questionOf(query, dense));
  const { head, isStopped } = yield* walkAll(db, questions, STEP_BYTES);
  if (!isStopped) yield* rank(questions);
  return { head, answers: questions.map((question) => answerOf(question, head)) };
}

/** Ranks the matches of searches, in steps. If the work is stopped, the rest stays in the order of time. */
async function* rank(questions: Question[]): Work<void> {
  for (const [walk] of questions.map(({ walks }) => walks)) {
    if (!(walk instanceof SearchWalk)) continue;
    for (let cut = walk.score(STEP_CHARACTERS); cut > 0; cut = walk.score(STEP_CHARACTERS)) {
      const looked = Math.ceil(cut / CHARACTERS_FOR_ENTRY);
      if ((yield { looked, charge: looked }) === 0) return;
    }
  }
}

/**
 * Returns all matches of a query in order, without their JSON. Undefined if there are more than `most`, or if the work was
 * stopped before the end.
 */
export async function* findMatches(
  db: Database,
  query: Query,
  most: number,
  dense: Dense,
): Work<FoundEvent[] | undefined> {
  const question = questionOf(query, dense);
  const walking = walkAll(db, [question], NO_JSON);
  for (let step = await walking.next(); !step.done;) {
    // With a limit, the walk itself ends.
    if (query.limit === Infinity && hasMoreThan(most, question)) return undefined;
    step = await walking.next(yield step.value);
  }
  if (!isWhole(question) && !isAnswered(question)) return undefined;
  const found = inOrder(question).slice(0, query.limit);
  return found.length > most ? undefined : found;
}

function hasMoreThan(most: number, { walks }: Question): boolean {
  const found = walks.flatMap((walk) => walk.found);
  return found.length > most && numberOf(found) > most;
}

/** Returns how many different events these are. Several walks may find the same. */
export function numberOf(found: FoundEvent[]): number {
  return new Set(found.map(({ seq }) => seq)).size;
}

export function isWhole({ walks }: Question): boolean {
  return walks.every(({ isDone }) => isDone);
}

/**
 * Runs all walks to their end. `head` is the end of the log at the first step. Each step returns up to
 * this many bytes of events as JSON, until there are too many to hold.
 */
export async function* walkAll(
  db: Database,
  questions: Question[],
  bytes: number,
): Work<{ head: number; isStopped: boolean }> {
  let head: number | undefined;
  let left: number | undefined;
  let walks = leftOf(questions);
  const hasJson = bytes !== NO_JSON;
  do {
    const planned = planStep(walks, { bytes, head, left });
    const statements = planned.flatMap((step) => step.statements);
    const results = await db.batch<Row & Head>(
      [
        ...(head === undefined ? [db.prepare(HEAD)] : []),
        ...statements.map(({ sql, params }) => db.prepare(sql).bind(...params)),
      ],
      { fromReplica: true },
    );
    if (head === undefined) head = results.shift()?.results[0]?.head ?? 0;
    const step = takeStep(planned, results);
    walks = leftOf(questions);
    const isFound = walks.length === 0 && !questions.some(hasRanking);
    const isLast = isFound && (!hasJson || loadingCost(foundBy(questions)).bytes <= LOADED_AT_ONCE);
    if (!isLast && letGoOf(questions)) bytes = NO_JSON;
    left = yield { ...step, isLast, ...(isFound && hasJson && { next: loadingCost(foundBy(questions)) }) };
  } while (left !== 0 && walks.length > 0);
  return { head, isStopped: left === 0 };
}

/** Returns the walks that have to go on. */
function leftOf(questions: Question[]): Walk[] {
  const open = questions.filter((question) => !isAnswered(question));
  return open.flatMap(({ walks }) => walks.filter(({ isDone }) => !isDone));
}

function hasRanking({ walks }: Question): boolean {
  return walks.some((walk) => walk instanceof SearchWalk && walk.found.length > 0);
}

type Planned = { walk: Walk; listing: number; statements: ReturnType<Walk["plan"]> };

/** Plans the next step of as many walks as there is room for, at least one. */
function planStep(
  walks: Walk[],
  { bytes, head, left = Infinity }: Pick<Room, "bytes" | "head"> & { left: number | undefined },
): Planned[] {
  const first = beginning(walks);
  const share = first.length;
  const listing = first.reduce((sum, walk) => sum + walk.listing, 0);
  const entries = Math.min(STEP_ENTRIES, left / ROWS_FOR_ENTRY);
  const room: Room = {
    entries: Math.floor(Math.max(entries / 2, entries - listing) / share),
    bytes: Math.floor(bytes / share),
    head,
  };
  return first.map((walk) => ({ walk, listing: walk.listing, statements: walk.plan(room) }));
}

/** Maximum number of walks that share one step. */
const MOST_WALKS = 12;

/** Returns the first walks, at least one, whose lists leave half of a step to the entries. */
function beginning(walks: Walk[]): Walk[] {
  const first: Walk[] = [];
  let listing = 0;
  for (const walk of walks.slice(0, MOST_WALKS)) {
    listing += walk.listing;
    if (first.length > 0 && listing > STEP_ENTRIES / 2) break;
    first.push(walk);
  }
  return first;
}

function takeStep(planned: Planned[], results: SqlResult<Row>[]): StepCost {
  const total = { looked: 0, charge: 0, bytes: 0 };
  for (const { walk, listing, statements } of planned) {
    const own = results.splice(0, statements.length);
    const looked = walk.take(own.map((result) => result.results));
    // Every step reads every list, even if nothing is found.
    const listed = listing + Math.floor(charactersIn(statements) / LISTED_CHARACTERS_FOR_ENTRY);
    // The rows that D1 reads for an id tell whether the event exists, even a hidden one. Other walks never look at hidden events.
    const rows = walk instanceof IdWalk ? 0 : costOf(own).rowsRead;
    total.looked += Math.max(looked + listed, rows);
    total.charge += Math.max(looked * walk.testing + listed, rows);
    for (const { found } of own.flatMap((result) => result.results)) total.bytes += found?.length ?? 0;
  }
  return total;
}

function charactersIn(statements: Statement[]): number {
  const values = statements.flatMap(({ params }) => params);
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
}

export function questionOf(query: Query, dense: Dense): Question {
  return { query, walks: partsOf(query).map((part) => walkOf(part, query.limit, dense)) };
}

function walkOf(part: Part, limit: number, dense: Dense): Walk {
  const [driver, other] = driversOf(part);
  switch (driver.by) {
    case "id":
      return new IdWalk(part);
    case "search":
      return new SearchWalk(part, part.filter.search ?? "", limit);
    case "version":
      return new VersionWalk(part, driver, walkByTime(part, other ?? driver, limit, dense));
    case "address": {
      const byTime = walkByTime(part, other ?? driver, limit, dense);
      return new AddressWalk(part, driver, new AddressWalk(part, driver, byTime, true), false);
    }
    default:
      return walkByTime(part, driver, limit, dense);
  }
}

function walkByTime(part: Part, driver: Driver, limit: number, dense: Dense): Walk {
  return Number.isFinite(limit) ? new TimedWalk(part, driver, limit, dense) : new ListWalk(part, driver);
}

/** Returns the matches of all parts in order, each once. */
function inOrder({ query, walks }: Question): FoundEvent[] {
  const [first] = walks;
  if (first instanceof SearchWalk) return first.ranked(newestFirst);
  const found = [...new Map(walks.flatMap((walk) => walk.found).map((event) => [event.seq, event])).values()];
  found.sort(newestFirst);
  return query.order === "asc" ? found.toReversed() : found;
}

function answerOf(question: Question, head: number): Answer {
  const { limit } = question.query;
  // Events that were stored meanwhile are delivered as live events.
  const all = inOrder(question).filter(({ seq }) => seq <= head);
  if (isWhole(question)) return { events: all.slice(0, limit), more: all.length > limit };
  return answerUpTo(all, question.query, reachedBy(question));
}

/**
 * Returns the answer if only what comes before the second `reached` is known to be complete. `all` are the matches that were
 * found, in order.
 */
function answerUpTo(all: FoundEvent[], query: Query, reached: number | undefined): Answer {
  const { limit } = query;
  if (reached === undefined) return { events: all.slice(0, limit), more: true, unfinished: { reached } };
  const certain = all.filter(isBefore(reached, query));
  if (certain.length > limit) return { events: certain.slice(0, limit), more: true };
  return { events: certain, more: true, unfinished: { reached } };
}

/**
 * Merges answers to parts of one query: of several shards, or to several filters. `all` are their events in order, each once.
 */
export function answerOfParts(all: FoundEvent[], query: Query, parts: Answer[]): Answer {
  const { limit } = query;
  const stopped = parts.flatMap(({ unfinished }) => unfinished ?? []);
  const more = all.length > limit || parts.some((answer) => answer.more);
  if (stopped.length === 0) return { events: all.slice(0, limit), more };
  const seconds = stopped.flatMap(({ reached }) => reached ?? []);
  // No part has anything unknown before this second.
  const reached = seconds.length < stopped.length ? undefined : firstOf(seconds, query);
  const merged = answerUpTo(all, query, reached);
  // A part that its limit has cut ends with its last event, and that may be long before this second.
  const isCut = reached !== undefined && merged.events.length === limit;
  return isCut ? { events: merged.events, more } : merged;
}

/** Whether there are more matches than the limit that no walk can find an earlier one for. */
function isAnswered(question: Question): boolean {
  const { query, walks } = question;
  const found = walks.reduce((sum, walk) => sum + walk.found.length, 0);
  if (walks.length === 1 || found <= query.limit) return false;
  const reached = reachedBy(question);
  if (reached === undefined) return false;
  const certain = walks.flatMap((walk) => walk.found).filter(isBefore(reached, query));
  return numberOf(certain) > query.limit;
}

/**
 * Returns the second up to which all walks have found everything. Walks that have come further may have found more, with gaps.
 * Undefined if it is not known.
 */
function reachedBy({ query, walks }: Question): number | undefined {
  const left = walks.filter(({ isDone }) => !isDone);
  const seconds = left.flatMap(({ reached }) => (reached === undefined ? [] : [reached]));
  if (seconds.length < left.length || left.length === 0) return undefined;
  return firstOf(seconds, query);
}

/** Returns the second that comes first in the order of the query. */
function firstOf(seconds: number[], query: Query): number {
  return query.order === "asc" ? Math.min(...seconds) : Math.max(...seconds);
}

/** Returns a test: whether an event comes before this second in the order of the query. */
function isBefore(second: number, query: Query): (event: FoundEvent) => boolean {
  return query.order === "asc"
    ? ({ created_at }) => created_at < second
    : ({ created_at }) => created_at > second;
}

/** Lets go of the JSON of events that are more than a read may hold while it waits. Returns whether there were any. */
export function letGo(events: FoundEvent[], most = HELD_BYTES): boolean {
  let held = 0;
  for (const event of events) {
    held += event.json === undefined ? 0 : event.size;
    if (held > most) event.json = undefined;
  }
  return held > most;
}

function letGoOf(questions: Question[]): boolean {
  const isSearch = questions.some(({ query }) => query.filter.search !== undefined);
  return letGo(foundBy(questions), isSearch ? HELD_BY_SEARCH : HELD_BYTES);
}

function foundBy(questions: Question[]): FoundEvent[] {
  return questions.flatMap(({ walks }) => walks.flatMap((walk) => walk.found));
}

/** Loads the JSON of events that were found without it. Leaves out events that have been removed meanwhile. */
export async function loadEvents(db: Database, events: FoundEvent[]): Promise<StoredEvent[]> {
  const missing = events.filter(({ json }) => json === undefined).map(({ seq }) => seq);
  if (missing.length === 0) return events.flatMap(withJson);
  const result = await prepare(
    db,
    (bind) => `SELECT e.seq, ${EVENT_JSON} FROM event AS e WHERE ${isOneValue("e.seq", missing, bind)}`,
  ).all<{ seq: number; json: string }>();
  const loaded = new Map(result.results.map(({ seq, json }) => [seq, json]));
  return events.flatMap((event) => withJson({ ...event, json: event.json ?? loaded.get(event.seq) }));
}

function withJson({ seq, id, created_at, json }: FoundEvent): StoredEvent[] {
  return json === undefined ? [] : [{ seq, id, created_at, json }];
}

/** Returns what `loadEvents` costs. */
export function loadingCost(events: FoundEvent[]): StepCost & { bytes: number } {
  const bytes = events.reduce((sum, { json, size }) => sum + (json === undefined ? size : 0), 0);
  return { looked: events.length, charge: events.length, bytes };
}

/** Splits events, in order, into groups that `loadEvents` can load at once. */
export function loadable(events: FoundEvent[]): FoundEvent[][] {
  const groups: FoundEvent[][] = [];
  let room = 0;
  for (const event of events) {
    if (event.size > room) {
      groups.push([]);
      room = READ_BYTES;
    }
    groups.at(-1)?.push(event);
    room -= event.size;
  }
  return groups;
}

export async function readLogAfter(db: Database, after: number, limit: number) {
  const log = prepare(
    db,
    (bind) =>
      `SELECT ${columns(LONG_EVENT_BYTES, bind)} FROM event AS e WHERE e.seq > ${bind(after)} ORDER BY e.seq ${limitedTo(limit, bind)}`,
  );
  const [head, rows] = await db.batch<Row & Head>([db.prepare(HEAD), log]);
  const events = await loadEvents(db, loadable(foundIn(rows?.results ?? []))[0] ?? []);
  return { head: head?.results[0]?.head ?? 0, events };
}
