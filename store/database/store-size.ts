/** How full the database is. D1 tells its size with every statement (`meta.size_after`), so watching it costs nothing. */
import { DELETION, VANISH } from "../../nostr/kinds.ts";
import type { Event } from "../../nostr/event.ts";
import { Notice } from "../../telemetry/log.ts";
import { type Database, ReadOnlyError } from "./database.ts";
import { wrapDatabase } from "./wrapped-database.ts";

/**
 * "filling": the operator is warned. "reserved": no events of upstreams are stored, because the rest is for the relay's own
 * clients. "full": only deletions and requests to vanish are stored.
 */
export type Level = "ok" | "filling" | "reserved" | "full";

/** The shares of the limit at which a level begins, the highest first. A deletion needs room too before it makes some. */
export const LEVELS: readonly (readonly [share: number, level: Level])[] = [
  [0.98, "full"],
  [0.9, "reserved"],
  [0.8, "filling"],
  [0, "ok"],
];

const CONSEQUENCES: Record<Exclude<Level, "ok">, string> = {
  filling: "upstreams are no longer pulled from 90 % on, and the relay stores nothing from 98 % on",
  reserved: "upstreams are not pulled, and the rest is for the relay's own clients",
  full: "the relay stores only deletions and requests to vanish",
};

export const MAKE_ROOM =
  "make room: shorten RETENTION or UPSTREAM_RETENTION, remove upstreams, or raise MAX_STORE_BYTES if D1 allows more (docs/limits.md)";

export const NO_ROOM = "the relay's database is full, and its operator has to make room";

/** The operator is reminded after so many seconds. */
const REMINDER_SECONDS = 3600;

/** One for each isolate. */
export class StoreSize {
  /** In bytes. */
  readonly limit: number;
  /** In bytes. Undefined before the first statement. */
  bytes: number | undefined;
  private warned: { level: Level; at: number } = { level: "ok", at: 0 };

  constructor(limit: number) {
    this.limit = limit;
  }

  get level(): Level {
    const share = (this.bytes ?? 0) / this.limit;
    return LEVELS.find(([least]) => share >= least)?.[1] ?? "ok";
  }

  /** The used part of the limit, in whole per cent. */
  get percent(): number {
    return Math.floor((100 * (this.bytes ?? 0)) / this.limit);
  }

  /** Whether events of upstreams are stored. */
  get hasRoomForUpstreams(): boolean {
    return this.level === "ok" || this.level === "filling";
  }

  /** Whether an event is stored. `isPulled`: it comes from an upstream. */
  takes({ kind }: Pick<Event, "kind">, isPulled: boolean): boolean {
    if (isPulled) return this.hasRoomForUpstreams;
    return this.level !== "full" || kind === DELETION || kind === VANISH;
  }

  /** Returns what the operator should know: once when the level has risen, and then every hour. `now` is in Unix seconds. */
  warning(now: number): Notice | undefined {
    const { level, warned, bytes = 0, limit } = this;
    const hasRisen = orderOf(level) > orderOf(warned.level);
    const isDue = hasRisen || now >= warned.at + REMINDER_SECONDS;
    if (level === "ok" || isDue) this.warned = { level, at: now };
    else this.warned.level = level;
    if (level === "ok" || !isDue) return undefined;
    return new Notice(
      `the database holds ${bytes} of ${limit} bytes (${this.percent} %): ${CONSEQUENCES[level]}`,
      { todo: MAKE_ROOM, fields: { percent: this.percent } },
    );
  }
}

function orderOf(level: Level): number {
  return -LEVELS.findIndex(([, each]) => each === level);
}

/**
 * What D1 says when it is full, and what SQLite says. Then reads may fail as well.
 * https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
 */
const FULL = /Exceeded maximum (?:DB size|account storage limit)|SQLITE_FULL|database or disk is full/i;

/** Wraps a database: every statement updates `size`. If the database is really full, it rejects with a `ReadOnlyError`. */
export function sizedDatabase(db: Database, size: StoreSize): Database {
  return wrapDatabase(db, async (_statements, run) => {
    try {
      const results = await run();
      size.bytes = results.at(-1)?.meta.size_after ?? size.bytes;
      return results;
    } catch (error) {
      throw FULL.test(String(error)) ? new ReadOnlyError(NO_ROOM, { cause: error }) : error;
    }
  });
}

/** Asks for the size alone. */
export async function measure(db: Database): Promise<void> {
  await db.prepare("SELECT 1").all();
}
