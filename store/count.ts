/** How many events match (NIP-45): canonical filters by their counter, others one by one, up to a bound. */
import type { TagCondition } from "../nostr/filter.ts";
import { canonicalTarget } from "../nostr/hyperloglog.ts";
import { countTarget } from "./counter.ts";
import { costOf, type Database, prepare, type Statement } from "./database.ts";
import {
  type Bind,
  binary,
  conditions,
  hasVersions,
  isOneKind,
  isOneOf,
  matchesNothing,
  selectiveTag,
  tagKey,
  timeConditions,
} from "./plan.ts";
import { ftsQuery } from "./search.ts";
import type { Countable, CountResult } from "./store.ts";

export interface CountBounds {
  /** Events that one request looks at, one by one; beyond them it estimates. */
  walk: number;
  /** Places of the log that an estimate looks at. */
  sample: number;
}

const BOUNDS: CountBounds = { walk: 100_000, sample: 10_000 };

export async function countEvents(
  db: Database,
  countables: Countable[],
  bounds: CountBounds = BOUNDS,
): Promise<CountResult> {
  const [first, ...others] = countables;
  const target = first && others.length === 0 && first.keyword === undefined && canonicalTarget(first.filter);
  if (target) return countTarget(db, first, target);
  return countOneByOne(
    db,
    countables.filter((countable) => !matchesNothing(countable)),
    bounds,
  );
}

async function countOneByOne(
  db: Database,
  countables: Countable[],
  { walk, sample }: CountBounds,
): Promise<CountResult> {
  if (countables.length === 0) return { count: 0, isEstimate: false, cost: costOf([]) };
  const most = Math.floor(walk / countables.length);
  const walks = await db.batch<Found>(countables.map((countable) => walkStatement(db, countable, most)));
  const rows = walks.flatMap(({ results }) => results);
  const count = distinct(rows);
  if (rows.every(({ looked }) => looked <= most)) return { count, isEstimate: false, cost: costOf(walks) };
  const samples = await db.batch<Found & { stride: number }>(
    countables.map((countable) => sampleStatement(db, countable, sample)),
  );
  const drawn = samples.flatMap(({ results }) => results);
  const estimate = distinct(drawn) * (drawn[0]?.stride ?? 1);
  return { count: Math.max(count, estimate), isEstimate: true, cost: costOf([...walks, ...samples]) };
}

interface Found {
  looked: number;
  /** A JSON list of those that match. */
  seqs: string;
}

/** Each event once, however many filters it matches. */
function distinct(rows: Found[]): number {
  return new Set(rows.flatMap(({ seqs }) => JSON.parse(seqs) as number[])).size;
}

function walkStatement(db: Database, countable: Countable, most: number): Statement {
  return prepare(db, (bind) => {
    const { from, where, by } = driver(countable, bind);
    const matches = conditions(countable, bind, by).join(" AND ");
    return `
SELECT count(*) AS looked, json_group_array(seq) FILTER (WHERE matches) AS seqs
FROM (SELECT e.seq, ${matches} AS matches FROM ${from} WHERE ${["true", ...where].join(" AND ")} LIMIT ${most + 1})`;
  });
}

/** One place out of every `stride` of the log, and not always the same one. First and last are asked for apart: together they scan. */
function sampleStatement(db: Database, countable: Countable, places: number): Statement {
  return prepare(
    db,
    (bind) => `
WITH RECURSIVE log AS MATERIALIZED (
  SELECT first, last, 1 + (last - first) / ${places} AS stride
  FROM (SELECT (SELECT min(seq) FROM event) AS first, (SELECT max(seq) FROM event) AS last)
), place (seq, n) AS (
  SELECT first, 0 FROM log
  UNION ALL SELECT first + (n + 1) * stride + (n * 7919) % stride, n + 1 FROM place, log
  WHERE first + (n + 1) * stride <= last
)
SELECT count(*) AS looked, json_group_array(e.seq) FILTER (WHERE ${conditions(countable, bind).join(" AND ")}) AS seqs,
  (SELECT stride FROM log) AS stride
FROM place CROSS JOIN event AS e ON e.seq = place.seq`,
  );
}

/** Where to look: what one index says of the filter, without order. `by`: what of the filter need not be tested again. */
function driver(
  countable: Countable,
  bind: Bind,
): { from: string; where: string[]; by?: TagCondition | string } {
  const { ids, authors, kinds, search } = countable.filter;
  if (ids) return { from: "event AS e", where: [isOneOf("e.id", ids.map(binary), bind)] };
  if (search !== undefined) {
    const where = [`s.search MATCH ${bind(ftsQuery(search))}`];
    return { from: "search AS s CROSS JOIN event AS e ON e.seq = s.rowid", where, by: search };
  }
  const author = () => isOneOf("e.pubkey", (authors ?? []).map(binary), bind);
  if (authors && kinds && hasVersions(kinds)) {
    const where = ["e.d IS NOT NULL", author(), isOneKind(kinds, bind)];
    return { from: "event AS e INDEXED BY event_version", where };
  }
  const tag = selectiveTag(countable);
  if (tag) {
    const keys = tag.values.map((value) => tagKey(tag.name, value));
    const where = [isOneOf("t.key", keys, bind), ...timeConditions(countable, bind, "t")];
    return { from: "tag AS t CROSS JOIN event AS e ON e.seq = t.seq", where, by: tag };
  }
  const time = timeConditions(countable, bind, "e");
  if (authors) return { from: "event AS e INDEXED BY event_by_author", where: [author(), ...time] };
  if (kinds) return { from: "event AS e INDEXED BY event_by_kind", where: [isOneKind(kinds, bind), ...time] };
  return { from: "event AS e INDEXED BY event_by_time", where: time };
}
