/**
 * Counting a canonical filter (NIP-45). The first count looks at every event; when those are many, it leaves a counter
 * behind, which the triggers of migrations/0003_counters.sql keep from then on: the next count reads that alone.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { addAuthor, emptyRegisters, hllOffset, mergeRegisters, type Target } from "../nostr/hyperloglog.ts";
import { costOf, type Database, prepare, type Statement } from "./database.ts";
import { type Bind, conditions, hasTag, isOneOf, tagKey } from "./plan.ts";
import type { Countable, CountResult } from "./store.ts";

/** A counter is kept for tags of at least so many events: then counters are few, and to ask for what is rare writes nothing. */
const MANY = 100;

export async function countTarget(db: Database, countable: Countable, target: Target): Promise<CountResult> {
  const kept = await countersStatement(db, countable, target).all<Counter>();
  const isKept = kept.results.length === target.kinds.length && kept.results.every(isSure);
  if (isKept && kept.results.every(({ hidden }) => hidden === 0)) {
    const registers = kept.results.map((counter) => hexToBytes(counter.registers));
    return {
      count: sum(kept.results),
      isEstimate: false,
      hll: bytesToHex(mergeRegisters(registers)),
      cost: costOf([kept]),
    };
  }
  const looked = await authorsStatement(db, countable, target).all<Authors>();
  const isWorthIt = !isKept && sum(looked.results) >= MANY;
  const written = isWorthIt
    ? await db.batch(target.kinds.flatMap((kind) => keepStatements(db, target, kind)))
    : [];
  const counted = looked.results.filter(({ register }) => register !== null);
  const registers = emptyRegisters();
  for (const { best } of counted) addAuthor(registers, best, hllOffset(target.value));
  return {
    count: sum(counted),
    isEstimate: false,
    hll: bytesToHex(registers),
    cost: costOf([kept, looked, ...written]),
  };
}

interface Counter {
  events: number;
  registers: string;
  unsure: string;
  /** 1 when some of the events have expired, and wait to be removed. */
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
  WHERE e.expires_at <= ${view.now} AND e.kind IN (${target.kinds.join(",")})
    AND ${hasTag({ name, values: [value] }, bind)}
) AS hidden
FROM counter WHERE ${isOneOf("key", [tagKey(name, value)], bind)} AND kind IN (${target.kinds.join(",")})`,
  );
}

/** Those that share a register. */
interface Authors {
  /** Null for events that are not counted: of other kinds, or hidden from the reader. */
  register: string | null;
  /** Whose key fills the register most: it has the lowest bytes after the one that picks the register. */
  best: string;
  events: number;
}

function authorsStatement(db: Database, countable: Countable, { name, value }: Target): Statement {
  const byte = hllOffset(value);
  return prepare(
    db,
    (bind) => `
SELECT iif(${conditions(countable, bind, countable.filter.tags[0]).join(" AND ")}, hex(substr(e.pubkey, ${byte + 1}, 1)), NULL) AS register,
  lower(hex(e.pubkey)) AS best, min(substr(e.pubkey, ${byte + 2})), count(*) AS events
FROM tag AS t CROSS JOIN event AS e ON e.seq = t.seq
WHERE ${isOneOf("t.key", [tagKey(name, value)], bind)} GROUP BY 1`,
  );
}

/** Begins a counter, or makes it right again: in one transaction, so that no event is missed or counted twice. */
function keepStatements(db: Database, target: Target, kind: number): Statement[] {
  const { name, value } = target;
  const keyIs = (column: string, bind: Bind) => isOneOf(column, [tagKey(name, value)], bind);
  const begin = prepare(
    db,
    (bind) => `
INSERT OR IGNORE INTO counter (key, kind, byte, events, registers, unsure)
SELECT key, ${kind}, ${hllOffset(value)}, 0, '', '' FROM tag WHERE ${keyIs("key", bind)} LIMIT 1`,
  );
  const fill = prepare(
    db,
    (bind) => `
UPDATE counter SET unsure = '', (events, registers) = (
  WITH RECURSIVE every (register) AS (VALUES (0) UNION ALL SELECT register + 1 FROM every WHERE register < 255),
  its AS MATERIALIZED (
    SELECT c.register, count(*) AS events, max(c.value) AS value
    FROM tag AS t CROSS JOIN contribution AS c ON c.seq = t.seq AND c.key = t.key
    WHERE ${keyIs("t.key", bind)} AND c.kind = ${kind}
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
