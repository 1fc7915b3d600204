/** The keys whose follows are pulled from where they write (NIP-65), and when the relays are chosen. Times are Unix seconds. */
import { and, asc, eq, lte, notInArray, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import type { Database } from "../database/database.ts";
import { createDrizzle } from "../database/drizzle.ts";
import { onward, outbox, outboxState, upstream } from "../database/tables.ts";
import type { Cursor } from "./upstream-cursor.ts";
import { NOT_FOR_EARLIER, readUpstreams, type StoredUpstream } from "./upstreams.ts";
import type { UpstreamSettings } from "./upstream-settings.ts";

export interface OutboxKey {
  pubkey: string;
  addedAt: number;
}

/** What the last choice found. */
export interface OutboxFound {
  version: 1;
  /** Absent before the first choice. */
  chosenAt?: number;
  /** The keys and all whom they follow. */
  authors: number;
  /** Authors that write on fewer than two of the chosen relays, and on none. */
  onOne: number;
  onNone: number;
  /** Authors without a list of relays. */
  withoutList: number;
  relays: number;
  /** Number of choices in a row after which the next one came soon. Absent: none. */
  soon?: number;
}

export interface Outbox extends Omit<OutboxFound, "soon"> {
  keys: OutboxKey[];
}

/** `add-outbox` does nothing if the key is there already. */
export type OutboxChange = { do: "add-outbox" | "remove-outbox"; pubkey: string };

/** What becomes of one upstream. `pulls` is how many pulls of it had ended when the cursor was read. */
export type OutboxUpdate =
  | { do: "put"; url: string; settings: UpstreamSettings; cursor: Cursor; pulls: number }
  | { do: "remove"; url: string };

const NOTHING_FOUND: OutboxFound = {
  version: 1,
  authors: 0,
  onOne: 0,
  onNone: 0,
  withoutList: 0,
  relays: 0,
};
/** Longer than a choice may take. After a crash, the next one begins then. */
const LEASE_SECONDS = 600;

export async function readOutbox(drizzle: SqliteRemoteDatabase): Promise<Outbox> {
  const [keys, states] = await drizzle.batch([
    drizzle.select().from(outbox).orderBy(asc(outbox.addedAt), asc(outbox.pubkey)),
    drizzle.select().from(outboxState),
  ]);
  const { soon: _, ...found } = readFound(states[0]?.found ?? "{}");
  return { ...found, keys };
}

/** Adds or removes a key. The relays are chosen again at the next Cron. `at` is when. */
export function outboxStatements(
  drizzle: SqliteRemoteDatabase,
  change: OutboxChange,
  at: number,
): BatchItem<"sqlite">[] {
  const { pubkey } = change;
  const isAdded = change.do === "add-outbox";
  return [
    isAdded
      ? drizzle.insert(outbox).values({ pubkey, addedAt: at }).onConflictDoNothing()
      : drizzle.delete(outbox).where(eq(outbox.pubkey, pubkey)),
    drizzle.update(outboxState).set({ dueAt: 0 }),
  ];
}

/**
 * Begins a choice if it is due: returns the keys and all upstreams. Undefined if it is not due, or if another job chooses. Reads one row
 * if it is not due.
 */
export async function beginChoice(
  db: Database,
  now: number,
): Promise<{ keys: string[]; upstreams: StoredUpstream[]; soon: number } | undefined> {
  const drizzle = createDrizzle(db);
  const [[begun]] = await drizzle.batch([
    drizzle
      .update(outboxState)
      .set({ dueAt: now + LEASE_SECONDS })
      .where(lte(outboxState.dueAt, now))
      .returning(),
  ]);
  if (!begun) return undefined;
  const { soon = 0 } = readFound(begun.found);
  const [{ keys }, upstreams] = await Promise.all([readOutbox(drizzle), readUpstreams(drizzle)]);
  return { keys: keys.map(({ pubkey }) => pubkey), upstreams, soon };
}

/**
 * Ends a choice. Changes no upstream that is leased, because its pull would overwrite the cursor, none that was pulled since the
 * choice began, and none of another origin. Of the settings only the filters change. A key that was added meanwhile makes the next choice due at once.
 */
export async function endChoice(
  db: Database,
  updates: readonly OutboxUpdate[],
  { found, begun, dueAt, now }: { found: OutboxFound; begun: number; dueAt: number; now: number },
): Promise<void> {
  const drizzle = createDrizzle(db);
  const lease = begun + LEASE_SECONDS;
  await drizzle.batch([
    drizzle.update(outboxState).set({ found: JSON.stringify(found) }),
    drizzle.update(outboxState).set({ dueAt }).where(eq(outboxState.dueAt, lease)),
    ...updates.flatMap((update) => updateStatements(drizzle, update, now)),
  ]);
}

function updateStatements(
  drizzle: SqliteRemoteDatabase,
  update: OutboxUpdate,
  now: number,
): BatchItem<"sqlite">[] {
  const { url } = update;
  const isFree = sql`${upstream.origin} = 'outbox' AND ${upstream.leasedUntil} <= ${now}`;
  if (update.do === "remove") {
    const left = drizzle.select({ url: upstream.url }).from(upstream);
    return [
      drizzle.delete(upstream).where(and(eq(upstream.url, url), eq(upstream.isPaused, 0), isFree)),
      drizzle.delete(onward).where(and(eq(onward.url, url), notInArray(onward.url, left))),
    ];
  }
  const { settings, pulls } = update;
  const set = { cursor: JSON.stringify(update.cursor), dueAt: 0, ...NOT_FOR_EARLIER };
  // An operator may have changed the other settings meanwhile.
  const filters = sql`json_set(${upstream.settings}, '$.filters', json(${JSON.stringify(settings.filters)}))`;
  const isSame = sql`coalesce(json_extract(${upstream.health}, '$.pulls'), 0) = ${pulls}`;
  return [
    drizzle
      .insert(upstream)
      .values({ url, origin: "outbox", settings: JSON.stringify(settings), ...set })
      .onConflictDoUpdate({
        target: upstream.url,
        set: { settings: filters, ...set },
        setWhere: sql`${isFree} AND ${isSame}`,
      }),
  ];
}

/** Reads what was found. That of an unknown version is dropped: the next choice finds it again. */
export function readFound(text: string): OutboxFound {
  const found = JSON.parse(text) as Partial<OutboxFound>;
  return found.version === 1 ? { ...NOTHING_FOUND, ...found } : NOTHING_FOUND;
}
