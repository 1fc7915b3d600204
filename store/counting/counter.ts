/**
 * Counters of canonical filters (NIP-45). The first count looks at every event. If there are many, it creates a counter. If
 * there are too many to look at, it estimates.
 * From then on the triggers of migrations/0003_counters.sql update it, and the next count reads only the counter.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import {
  addAuthor,
  emptyRegisters,
  hllOffset,
  mergeRegisters,
  type Target,
} from "../../nostr/hyperloglog.ts";
import {
  costOf,
  type Database,
  ReadOnlyError,
  type SqlResult,
  type Statement,
} from "../database/database.ts";
import {
  type Bind,
  hasTag,
  isOneValue,
  isNotExpired,
  isOneOf,
  prepare,
  tagKey,
} from "../walks/conditions.ts";
import type { Countable, CountResult } from "../store.ts";
import { estimate } from "./sample.ts";
import { STEP_ENTRIES, type Work } from "../work.ts";

/** Minimum number of events for a counter. So there are few counters, and counting rare things writes nothing. */
const MANY = 100;

export interface TargetBounds {
  /** Maximum number of entries of a first count. A tag with more entries and no counter is estimated. */
  entries: number;
  /** Work of an estimate, in index entries. */
  sample: number;
}

const BOUNDS: TargetBounds = { entries: 100_000, sample: 10_000 };

export async function* countTarget(
  db: Database,
  countable: Countable,
  target: Target,
  bounds: TargetBounds = BOUNDS,
): Work<CountResult> {
  // The first step of the walk comes along, if there is no counter.
  const results: SqlResult<Counter & Authors & Place>[] = await db.batch<Counter & Authors & Place>([
    countersStatement(db, countable, target),
    ...stepStatements(db, countable, target, { after: START, unlessKept: true }),
  ]);
  const [counters = []] = results.map((result) => result.results);
  const isKept = counters.length === target.kinds.length && counters.every(isSure);
  if (isKept) {
    const looked = Math.max(1, costOf(results).rowsRead);
    yield { looked, charge: looked };
  }
  if (isKept && counters.every(({ hidden }) => hidden === 0)) {
    const registers = counters.map((counter) => hexToBytes(counter.registers));
    return {
      count: sum(counters),
      isEstimate: false,
      hll: bytesToHex(mergeRegisters(registers)),
    };
  }
  const { found, entries, isWhole, estimated } = yield* walkAuthors(
    db,
    { countable, target, first: isKept ? undefined : results.slice(1) },
    bounds,
  );
  const isWorthIt = !isKept && isWhole && entries >= MANY;
  if (isWorthIt) {
    const { rowsRead } = costOf(await keepCounters(db, target));
    yield { looked: entries, charge: Math.max(entries, rowsRead) };
  }
  const counted = found.filter(({ register }) => register !== null);
  // Without the authors: those that were found are too few to merge with what other relays say.
  if (estimated !== undefined) return { count: Math.max(sum(counted), estimated), isEstimate: true };
  const registers = emptyRegisters();
  for (const { best } of counted) addAuthor(registers, best, hllOffset(target.value));
  return {
    count: sum(counted),
    isEstimate: !isWhole,
    hll: bytesToHex(registers),
  };
}

interface Counter {
  events: number;
  registers: string;
  unsure: string;
  /** 1 if some of the events have expired but are not removed yet. */
  hidden: number;
}

function isSure({ unsure }: Counter): boolean {
  return unsure === "";
}

function countersStatement(db: Database, { view }: Countable, target: Target): Statement {
  const { name, value } = target;
  return prepare(
    db,
    (bind) => `
SELECT events, registers, unsure, EXISTS (
  SELECT 1 FROM event AS e INDEXED BY event_by_expiry
  WHERE e.expires_at <= ${bind(view.now)} AND e.kind IN (${target.kinds.join(",")})
    AND ${hasTag({ name, values: [value] }, false, bind)}
) AS hidden
FROM counter WHERE ${isOneOf("key", [tagKey(name, value)], bind)} AND kind IN (${target.kinds.join(",")})`,
  );
}

/** Authors that share a register. */
interface Authors {
  /** Null for events that are not counted: other kinds, or events that the client may not see. */
  register: string | null;
  /** The key that sets the register: it has the lowest bytes after the byte that picks the register. */
  best: string;
  events: number;
}

interface Place {
  created_at: number;
  seq: number;
}

/** Before the first entry. */
const START: Place = { created_at: -1, seq: 0 };

interface Walked {
  found: Authors[];
  entries: number;
  isWhole: boolean;
  /** Present if there are too many entries to look at all of them. */
  estimated?: number;
}

/** The results of `stepStatements`. */
type Step = SqlResult<Authors & Place>[];

/** Reads the tag's events in the order of time, a bounded number in each step. `first` is the first step. Gives up early if there are too many. */
async function* walkAuthors(
  db: Database,
  { countable, target, first }: { countable: Countable; target: Target; first: Step | undefined },
  { entries: most, sample }: TargetBounds,
): Work<Walked> {
  let estimated: number | undefined;
  const found: Authors[] = [];
  let entries = 0;
  let step = first;
  for (let after: Place | undefined = START; after;) {
    const results: Step =
      step ??
      (await db.batch<Authors & Place>(stepStatements(db, countable, target, { after, unlessKept: false })));
    step = undefined;
    const [authors = [], last = []] = results.map((result) => result.results);
    const looked = sum(authors);
    found.push(...authors);
    entries += looked;
    after = last[0];
    const isStopped = (yield { looked, charge: Math.max(looked, costOf(results).rowsRead) }) === 0;
    if (!after) break;
    if (isStopped) return { found, entries, isWhole: false };
    estimated ??= yield* estimate(db, [countable], sample);
    if (Math.max(entries, estimated) > most) return { found, entries, isWhole: false, estimated };
  }
  return { found, entries, isWhole: true };
}

function entriesAfter({ name, value }: Target, { created_at, seq }: Place, bind: Bind): string {
  return `FROM tag WHERE private = 0 AND ${isOneOf("key", [tagKey(name, value)], bind)}
    AND (created_at, seq) > (${bind(created_at)}, ${bind(seq)}) ORDER BY created_at, seq`;
}

/**
 * Returns the statements of one step: its authors, and its last entry if there are more entries after it. With `unlessKept`, they
 * read nothing if there are counters.
 */
function stepStatements(
  db: Database,
  countable: Countable,
  target: Target,
  { after, unlessKept }: { after: Place; unlessKept: boolean },
): Statement[] {
  const limit = (most: number, bind: Bind) =>
    unlessKept ? `iif(${haveCounters(target, bind)}, 0, ${most})` : most;
  const authors = prepare(db, (bind) =>
    authorsSql(
      countable,
      target,
      `${entriesAfter(target, after, bind)} LIMIT ${limit(STEP_ENTRIES, bind)}`,
      bind,
    ),
  );
  const last = prepare(
    db,
    (bind) =>
      `SELECT created_at, seq ${entriesAfter(target, after, bind)} LIMIT ${limit(1, bind)} OFFSET ${STEP_ENTRIES - 1}`,
  );
  return [authors, last];
}

/** SQL condition: there are counters for the kinds of a target, and they are sure. A limit may be computed, so that SQLite looks at no entry. */
function haveCounters({ name, value, kinds }: Target, bind: Bind): string {
  return `(SELECT count(*) FROM counter WHERE ${isOneOf("key", [tagKey(name, value)], bind)}
    AND kind IN (${kinds.join(",")}) AND unsure = '') = ${kinds.length}`;
}

function authorsSql({ view }: Countable, { value, kinds }: Target, entries: string, bind: Bind): string {
  const byte = hllOffset(value);
  return `
SELECT iif(${isOneValue("e.kind", [...kinds], bind)} AND ${isNotExpired(view.now, bind)}, hex(substr(e.pubkey, ${bind(byte + 1)}, 1)), NULL) AS register,
  lower(hex(e.pubkey)) AS best, min(substr(e.pubkey, ${bind(byte + 2)})), count(*) AS events
FROM (
  SELECT seq ${entries}
) AS t CROSS JOIN event AS e ON e.seq = t.seq
GROUP BY 1`;
}

/** Creates or corrects the counters of a target. A database that cannot be written to keeps none. */
async function keepCounters(db: Database, target: Target): Promise<SqlResult<unknown>[]> {
  try {
    return await db.batch(
      target.kinds.flatMap((kind) => keepStatements(db, target, kind)),
      { mayRepeat: true },
    );
  } catch (error) {
    if (error instanceof ReadOnlyError) return [];
    throw error;
  }
}

/** Creates a counter, or corrects it, in one transaction: no event is missed or counted twice. */
function keepStatements(db: Database, target: Target, kind: number): Statement[] {
  const { name, value } = target;
  const keyIs = (column: string, bind: Bind) => isOneOf(column, [tagKey(name, value)], bind);
  const begin = prepare(
    db,
    (bind) => `
INSERT OR IGNORE INTO counter (key, kind, byte, events, registers, unsure)
SELECT key, ${bind(kind)}, ${bind(hllOffset(value))}, 0, '', '' FROM tag WHERE private = 0 AND ${keyIs("key", bind)} LIMIT 1`,
  );
  const fill = prepare(
    db,
    (bind) => `
UPDATE counter SET unsure = '', (events, registers) = (
  WITH RECURSIVE every (register) AS (VALUES (0) UNION ALL SELECT register + 1 FROM every WHERE register < 255),
  its AS MATERIALIZED (
    SELECT c.register, count(*) AS events, max(c.value) AS value
    FROM tag AS t CROSS JOIN contribution AS c ON c.seq = t.seq AND c.key = t.key
    WHERE t.private = 0 AND ${keyIs("t.key", bind)} AND ${isOneValue("c.kind", [kind], bind)}
    GROUP BY c.register
  )
  SELECT sum(coalesce(its.events, 0)), group_concat(coalesce(its.value, '00'), '' ORDER BY every.register)
  FROM every LEFT JOIN its USING (register)
)
WHERE ${keyIs("key", bind)} AND ${isOneValue("kind", [kind], bind)}`,
  );
  return [begin, fill];
}

function sum(rows: { events: number }[]): number {
  return rows.reduce((total, { events }) => total + events, 0);
}
