/**
 * Counters of canonical filters (NIP-45). The first count looks at every event. If there are many, it creates a counter. If
 * there are too many to look at, it estimates.
 * From then on the triggers of migrations/0003_counters.sql update it, and the next count reads only the counter.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { addAuthor, emptyRegisters, hllOffset, mergeRegisters, type Target } from "../nostr/hyperloglog.ts";
import { costOf, type Database, prepare, ReadOnlyError, type SqlResult, type Statement } from "./database.ts";
import { type Bind, hasTag, isOneKind, isNotExpired, isOneOf, tagKey } from "./conditions.ts";
import type { Countable, CountResult } from "./store.ts";
import { estimate } from "./sample.ts";
import { STEP_ENTRIES, type Work } from "./work.ts";

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
  const kept = await countersStatement(db, countable, target).all<Counter>();
  yield { looked: 1, charge: 1 };
  const isKept = kept.results.length === target.kinds.length && kept.results.every(isSure);
  if (isKept && kept.results.every(({ hidden }) => hidden === 0)) {
    const registers = kept.results.map((counter) => hexToBytes(counter.registers));
    return {
      count: sum(kept.results),
      isEstimate: false,
      hll: bytesToHex(mergeRegisters(registers)),
    };
  }
  const { found, entries, isWhole, estimated } = yield* walkAuthors(db, countable, target, bounds);
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

interface Walked {
  found: Authors[];
  entries: number;
  isWhole: boolean;
  /** Present if there are too many entries to look at all of them. */
  estimated?: number;
}

/** Reads the tag's events in the order of time, a bounded number in each step. Gives up early if there are too many. */
async function* walkAuthors(
  db: Database,
  countable: Countable,
  target: Target,
  { entries: most, sample }: TargetBounds,
): Work<Walked> {
  let estimated: number | undefined;
  const found: Authors[] = [];
  let entries = 0;
  for (let after: Place | undefined = { created_at: -1, seq: 0 }; after;) {
    const results: SqlResult<Authors & Place>[] = await db.batch<Authors & Place>([
      authorsStatement(db, countable, target, after),
      lastStatement(db, target, after),
    ]);
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

/** Finds the last entry of a step, if there are more entries after it. */
function lastStatement(db: Database, target: Target, after: Place): Statement {
  return prepare(
    db,
    (bind) =>
      `SELECT created_at, seq ${entriesAfter(target, after, bind)} LIMIT 1 OFFSET ${STEP_ENTRIES - 1}`,
  );
}

function authorsStatement(db: Database, { view }: Countable, target: Target, after: Place): Statement {
  const { value, kinds } = target;
  const byte = hllOffset(value);
  return prepare(
    db,
    (bind) => `
SELECT iif(${isOneKind("e.kind", [...kinds], bind)} AND ${isNotExpired(view.now, bind)}, hex(substr(e.pubkey, ${byte + 1}, 1)), NULL) AS register,
  lower(hex(e.pubkey)) AS best, min(substr(e.pubkey, ${byte + 2})), count(*) AS events
FROM (
  SELECT seq ${entriesAfter(target, after, bind)} LIMIT ${STEP_ENTRIES}
) AS t CROSS JOIN event AS e ON e.seq = t.seq
GROUP BY 1`,
  );
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
SELECT key, ${kind}, ${hllOffset(value)}, 0, '', '' FROM tag WHERE private = 0 AND ${keyIs("key", bind)} LIMIT 1`,
  );
  const fill = prepare(
    db,
    (bind) => `
UPDATE counter SET unsure = '', (events, registers) = (
  WITH RECURSIVE every (register) AS (VALUES (0) UNION ALL SELECT register + 1 FROM every WHERE register < 255),
  its AS MATERIALIZED (
    SELECT c.register, count(*) AS events, max(c.value) AS value
    FROM tag AS t CROSS JOIN contribution AS c ON c.seq = t.seq AND c.key = t.key
    WHERE t.private = 0 AND ${keyIs("t.key", bind)} AND c.kind = ${kind}
    GROUP BY c.register
  )
  SELECT sum(coalesce(its.events, 0)), group_concat(coalesce(its.value, '00'), '' ORDER BY every.register)
  FROM every LEFT JOIN its USING (register)
)
WHERE ${keyIs("key", bind)} AND kind = ${kind}`,
  );
  return [begin, fill];
}

function sum(rows: { events: number }[]): number {
  return rows.reduce((total, { events }) => total + events, 0);
}
