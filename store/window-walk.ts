/**
 * Walks several stretches of an index together: authors, kinds or values of a tag. Each stretch has its own order, so a
 * step looks at one window of time in all of them. An early step also tries all of time, to find rare events at once.
 */
import { binding } from "./conditions.ts";
import { firstOfSecond } from "./crowded-second.ts";
import { type Driver, type Part, stretchesOf } from "./plan.ts";
import type { FoundEvent } from "./store.ts";
import { boundedByCursor, TimedWalk } from "./timed-walk.ts";
import {
  columns,
  entriesWithin,
  entryColumns,
  foundIn,
  hasMark,
  type Pace,
  type Room,
  type Row,
  SLACK,
  type Statement,
  type Walk,
} from "./walk.ts";

/** Maximum number of entries of that try over all of time. */
const ATTEMPT_ENTRIES = 300;

/** If a window has too many entries, it shrinks by this factor. If it has too few, it grows by at most this factor. */
const SHRINK = 8;
const GROW = 16;
/** Each step reads the whole list of values, so the windows of a long list grow faster. */
const VALUES_FOR_GROWTH = 10;

/** One second may have this many times the room of a step and is still read as a whole. A read of nothing else has that much. */
export const MOST_PATIENCE = 6;

/**
 * Guessed shares of all events: in the stretch of a kind, in that of an author or tag value; and the bounds for the
 * share of all stretches together.
 */
const KIND_SHARE = 0.2;
const STRETCH_SHARE = 0.001;
const LEAST_SHARE = 0.05;
const MOST_SHARE = 0.5;

/** Maximum number of stretches that are tried over all of time. */
const RARE_STRETCHES = 50;

interface Window {
  since: number;
  until: number;
}

interface Planned {
  window: Window;
  entries: number;
  events: number;
}

export class WindowWalk extends TimedWalk implements Walk {
  /** The time that has not been looked at. */
  private readonly rest: Window;
  private steps = 0;
  private hasTriedAll = false;
  private width = 0;
  /** Whether the next second has more entries than one step usually looks at. */
  private isLarge = false;
  /** A second that has more matches than one step returns. It is the next window. */
  private crowded: number | undefined;
  private planned: Planned[] = [];

  constructor(part: Part, driver: Driver, limit: number) {
    super(part, driver, limit);
    const { since = 0, until = Number.MAX_SAFE_INTEGER } = boundedByCursor(part);
    this.rest = { since, until };
    this.isDone = since > until;
  }

  get reached(): number | undefined {
    if (this.steps === 0) return undefined;
    return this.isAscending ? this.rest.since : this.rest.until;
  }

  plan(room: Room): Statement[] {
    const isSecond = this.isLarge || this.crowded !== undefined;
    const entries = Math.min(isSecond ? room.entries * MOST_PATIENCE : room.entries, room.most);
    const most = Math.max(1, Math.floor(entries / this.testing));
    if (this.crowded !== undefined) return [this.crowdedSecond(this.crowded, most, room)];
    const events = Math.min(room.events, this.limit + 1 - this.found.length + SLACK);
    const triesAll = this.triesAll(room);
    this.hasTriedAll ||= triesAll;
    this.planned = [
      ...(triesAll ? [{ window: { ...this.rest }, entries: Math.min(most, ATTEMPT_ENTRIES), events }] : []),
      ...(room.pace ? [{ window: this.next(room.pace), entries: most, events }] : []),
    ];
    return this.planned.map((step) => this.statement(step, room));
  }

  /**
   * Returns the statement for the first matches of a window, in the order of the query. It counts the entries before it
   * reads any event, so a window with too many entries costs no more than the count.
   */
  private statement({ window, entries, events }: Planned, room: Room): Statement {
    const { bind, params } = binding();
    const within = [`t.created_at BETWEEN ${bind(window.since)} AND ${bind(window.until)}`];
    const index = entriesWithin(this.part, this.driver, bind, within);
    const most = bind(entries);
    const sql = `
WITH few AS MATERIALIZED (SELECT NOT EXISTS (SELECT 1 ${index} LIMIT 1 OFFSET ${most}) AS yes)
SELECT ${columns(room.longest, bind)}
FROM (
  SELECT * FROM (SELECT ${entryColumns(this.driver)} ${index} LIMIT iif((SELECT yes FROM few), ${most}, 0))
  ORDER BY created_at ${this.isAscending ? "ASC" : "DESC"} LIMIT ${most}
) AS w CROSS JOIN event AS e ON e.seq = w.seq
WHERE ${this.matching(room, bind)}
UNION ALL SELECT 0, 0, NULL, 0, NULL WHERE NOT (SELECT yes FROM few)
LIMIT ${bind(events)}`;
    return { sql, params };
  }

  /** Returns the statement for the first matches of a single second. */
  private crowdedSecond(second: number, most: number, room: Room): Statement {
    const { bind, params } = binding();
    const { isAscending } = this;
    const events = Math.min(most, this.limit + 1 - this.found.length);
    this.planned = [{ window: { since: second, until: second }, entries: most, events }];
    const index = entriesWithin(this.part, this.driver, bind, [`t.created_at = ${bind(second)}`]);
    const entries = `SELECT ${entryColumns(this.driver)} ${index} LIMIT iif((SELECT yes FROM few), ${bind(most)}, 0)`;
    const sql = `
WITH few AS MATERIALIZED (SELECT NOT EXISTS (SELECT 1 ${index} LIMIT 1 OFFSET ${bind(most)}) AS yes)
SELECT * FROM (${firstOfSecond({ entries, rest: this.matching(room, bind), isAscending, events }, bind)})
UNION ALL SELECT 0, 0, NULL, 0, NULL WHERE NOT (SELECT yes FROM few)`;
    return { sql, params };
  }

  take(results: Row[][]): number {
    const looked = results.reduce(
      (sum, rows, at) => sum + (hasMark(rows) ? (this.planned[at]?.entries ?? 0) : rows.length),
      0,
    );
    this.steps += 1;
    const at = results.findIndex((rows) => !hasMark(rows));
    const planned = this.planned[at];
    if (planned) this.keep(foundIn(results[at] ?? []), planned);
    else this.narrow();
    return looked;
  }

  private keep(rows: FoundEvent[], { window, events }: Planned): void {
    const isCut = this.crowded === undefined && rows.length >= events;
    const seconds = rows.map(({ created_at }) => created_at);
    const last = this.isAscending ? Math.max(...seconds) : Math.min(...seconds);
    // The last second may have more events.
    const found = isCut ? rows.filter(({ created_at }) => created_at !== last) : rows;
    this.crowded = isCut && found.length === 0 ? last : undefined;
    if (this.crowded !== undefined) return;
    // An event that has two of the values is found twice.
    const distinct = [...new Map(found.map((event) => [event.seq, event])).values()];
    this.found.push(...distinct);
    if (this.isAscending) this.rest.since = isCut ? last : window.until + 1;
    else this.rest.until = isCut ? last : window.since - 1;
    this.isDone = this.rest.since > this.rest.until || this.found.length > this.limit;
    this.isLarge = false;
    const missing = this.limit + 1 - this.found.length;
    const most = Math.max(GROW, stretchesOf(this.part, this.driver) / VALUES_FOR_GROWTH);
    const growth = distinct.length === 0 ? most : (1.5 * missing) / distinct.length;
    if (!isCut) this.width = Math.ceil(this.width * Math.min(most, Math.max(1 / SHRINK, growth)));
  }

  private narrow(): void {
    if (this.width <= 1) this.isLarge = true;
    this.width = Math.max(1, Math.floor(this.width / SHRINK));
  }

  /**
   * Whether to try all of time in this step. Many authors, kinds or values together are seldom rare. Kinds alone are tried
   * only if the first window was not enough.
   */
  private triesAll({ pace }: Room): boolean {
    if (this.hasTriedAll) return false;
    if (!pace) return true;
    const step = this.driver.by === "kind" ? 1 : 0;
    return this.steps === step && stretchesOf(this.part, this.driver) <= RARE_STRETCHES;
  }

  /** Guesses how many seconds contain the answer. */
  private guess(perSecond: number): number {
    const wanted = Number.isFinite(this.limit) ? 1.5 * (this.limit + 1) : 1000;
    const stretches = stretchesOf(this.part, this.driver);
    const all = stretches * (this.driver.by === "kind" ? KIND_SHARE : STRETCH_SHARE);
    const share = Math.min(MOST_SHARE, Math.max(LEAST_SHARE, all));
    return Math.max(1, Math.ceil(wanted / share / perSecond));
  }

  private next({ perSecond, latest }: Pace): Window {
    this.width ||= this.guess(perSecond);
    const { since, until } = this.rest;
    if (this.isAscending) return { since, until: Math.min(until, since + this.width - 1) };
    // The first window starts at the newest event, and also contains events that are dated later.
    return { since: Math.max(since, Math.min(until, latest) - this.width + 1), until };
  }
}
