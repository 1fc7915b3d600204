/** Dead letters for operators: lists, one letter, and what operators want done with them. */
import { and, count, desc, eq, isNotNull, isNull, lt, sql, type SQL } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import type { LetterChoice } from "../../nostr/management.ts";
import { deadLetter, deadLetterTotal } from "../database/tables.ts";

/** A dead letter without the event. Times are Unix seconds. */
export interface LetterHead {
  id: number;
  upstream: string;
  /** The id that the event names, or the hash of what came. */
  event: string;
  /** The author that the event names. */
  pubkey: string | null;
  reason: string;
  at: number;
  /** How often the event has become a dead letter. */
  attempts: number;
  /** The size of what came. */
  bytes: number;
  /** Whether what came is kept. Otherwise it was too large. */
  isKept: boolean;
  /** When an operator asked for it to be queued again. */
  redrive: number | null;
}

export interface Letter extends LetterHead {
  /** What came; null if it is not kept. */
  body: unknown;
}

export interface LetterPage {
  letters: LetterHead[];
  /** How many letters there are in all, and how many were removed because there were too many or they were too old. */
  total: number;
  dropped: number;
}

export interface LetterQuestion {
  limit: number;
  upstream: string | null;
  /** The list goes on behind this id. */
  after: number | null;
}

export type LetterChange = { do: "redrive-letters" | "purge-letters"; which: LetterChoice };

const HEAD = {
  id: deadLetter.id,
  upstream: deadLetter.upstream,
  event: sql<string>`lower(hex(${deadLetter.eventId}))`.as("event"),
  pubkey: sql<string | null>`lower(hex(${deadLetter.pubkey}))`.as("author"),
  reason: deadLetter.reason,
  at: deadLetter.at,
  attempts: deadLetter.attempts,
  bytes: deadLetter.bytes,
  isKept: sql<number>`${deadLetter.body} IS NOT NULL`.as("is_kept"),
  redrive: deadLetter.redrive,
};

/** Returns letters, the latest id first. */
export async function readLetters(
  drizzle: SqliteRemoteDatabase,
  { limit, upstream, after }: LetterQuestion,
): Promise<LetterPage> {
  const conditions = [
    upstream === null ? undefined : eq(deadLetter.upstream, upstream),
    after === null ? undefined : lt(deadLetter.id, after),
  ];
  const [rows, totals] = await drizzle.batch([
    drizzle
      .select(HEAD)
      .from(deadLetter)
      .where(and(...conditions))
      .orderBy(desc(deadLetter.id))
      .limit(limit),
    drizzle.select().from(deadLetterTotal),
  ]);
  const { letters = 0, dropped = 0 } = totals[0] ?? {};
  return { letters: rows.map((row) => ({ ...row, isKept: row.isKept === 1 })), total: letters, dropped };
}

export async function readLetter(drizzle: SqliteRemoteDatabase, id: number): Promise<Letter | undefined> {
  const [[row]] = await drizzle.batch([
    drizzle
      .select({ ...HEAD, body: deadLetter.body })
      .from(deadLetter)
      .where(eq(deadLetter.id, id)),
  ]);
  if (!row) return undefined;
  const { body } = row;
  return { ...row, isKept: body !== null, body: body === null ? null : (JSON.parse(body) as unknown) };
}

/** Counts the letters that a choice names, and those of them that can be queued again. */
export async function countLetters(
  drizzle: SqliteRemoteDatabase,
  which: LetterChoice,
): Promise<{ letters: number; kept: number }> {
  const counts = { letters: count().as("letters"), kept: count(deadLetter.body).as("kept") };
  const [[row]] = await drizzle.batch([drizzle.select(counts).from(deadLetter).where(isChosen(which))]);
  return row ?? { letters: 0, kept: 0 };
}

/** `at` is in Unix seconds. */
export function letterStatement(
  drizzle: SqliteRemoteDatabase,
  change: LetterChange,
  at: number,
): BatchItem<"sqlite"> {
  const chosen = isChosen(change.which);
  if (change.do === "purge-letters") return drizzle.delete(deadLetter).where(chosen);
  const isNew = and(isNull(deadLetter.redrive), isNotNull(deadLetter.body), chosen);
  return drizzle.update(deadLetter).set({ redrive: at }).where(isNew);
}

/** Ids are one parameter, because D1 binds at most 100. */
function isChosen(which: LetterChoice): SQL | undefined {
  if (which.by === "all") return undefined;
  if (which.by === "upstream") return eq(deadLetter.upstream, which.upstream);
  return sql`${deadLetter.id} IN (SELECT value FROM json_each(${JSON.stringify(which.ids)}))`;
}
