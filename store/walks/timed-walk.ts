/** Walks the entries of an index in the order of the query. */
import { binding, limitedTo } from "./conditions.ts";
import { COST_OF_MERGED, costOfList, type Dense } from "./dense.ts";
import { type Asked, entries, firstOfSecond, type Place, testedEntries, unsortedMatches } from "./entries.ts";
import { costOfTesting, type Driver, type Part, stretchesOf } from "./plan.ts";
import type { FoundEvent } from "../store.ts";
import {
  foundIn,
  hasEnd,
  hasMark,
  markAt,
  NO_JSON,
  type Returned,
  type Room,
  roomFor,
  type Row,
  type Statement,
  type Walk,
} from "./walk.ts";

/** A step asks for this many matches beyond the limit: it needs the whole last second, to keep its lowest ids. */
const SLACK = 4;

/**
 * Entries of the first step, for each match that is wanted, and besides. If they were not enough, it does not know where it ended,
 * and the next one looks at some of them again. Nearly always they are: a step ends when it has enough matches.
 */
const FIRST_ENTRIES_FOR_MATCH = 2;
const FIRST_ENTRIES = 1000;
/** Each step may look at this many times as many entries as the one before it. */
const GROWTH = 4;

/** Maximum number of entries in no order that are taken at once, for each match that is wanted. */
const UNSORTED_FOR_MATCH = 4;
/** What one step looks at. */
interface Step extends Returned {
  driver: Driver;
  entries: number;
  /** Whether its answer ends with a mark if there are more entries. */
  isMarked: boolean;
  /** The second from which on it takes all entries, in no order. */
  since?: number;
}

export class TimedWalk implements Walk {
  readonly found: FoundEvent[] = [];
  isDone = false;
  private readonly part: Part;
  private readonly driver: Driver;
  private readonly limit: number;
  private readonly dense: Dense;
  /** Whether the stretches are most of a longer one, which is walked instead. */
  private isDense: boolean;
  /** Whether the stretches are merged, because taking their entries in no order was not enough. */
  private isMerged = false;
  /** The last entry that was looked at. */
  private at: Place | undefined;
  private step: Step | undefined;
  /** Whether there are enough matches, but perhaps not those with the first ids of the last second. */
  private isInLastSecond = false;

  constructor(part: Part, driver: Driver, limit: number, dense: Dense) {
    this.part = part;
    this.driver = driver;
    this.limit = limit;
    this.dense = dense;
    this.isDense = dense.isWorthATry(part, driver);
  }

  get testing(): number {
    return this.costOf(this.step?.driver ?? this.driver);
  }

  get listing(): number {
    return costOfList(this.part, this.nextDriver);
  }

  get reached(): number | undefined {
    return this.at?.created_at;
  }

  plan(room: Room): Statement[] {
    if (this.isInLastSecond) return [this.lastSecond(room)];
    const unsorted = this.unsorted(room);
    if (unsorted) return [unsorted];
    this.step = this.next(room);
    const { driver, isMarked, events, longest } = this.step;
    const asked: Asked = { part: this.part, driver, after: this.at, most: this.step.entries };
    const { bind, params } = binding();
    const sql = `SELECT * FROM (${testedEntries(asked, { longest, head: room.head }, bind)}) WHERE found IS NOT NULL
${isMarked ? `UNION ALL ${markAt(asked.most - 1, entries(asked, bind), bind)}` : ""}
${limitedTo(events, bind)}`;
    return [{ sql, params }];
  }

  /** Returns the statement for all entries of a stretch of time. Undefined if it is not known how long it has to be. */
  private unsorted(room: Room): Statement | undefined {
    if (this.isDense || this.isMerged || this.at) return undefined;
    const { part, driver, limit } = this;
    const most = Math.max(
      1,
      Math.min(UNSORTED_FOR_MATCH * (limit + 1), Math.floor(room.entries / this.testing)),
    );
    const { events, longest } = roomFor(most, room);
    // A list is merged then: no events have to be loaded later.
    if (longest === NO_JSON || events < most) return undefined;
    const since = this.dense.gaps.sinceFor(part, driver, limit + 1);
    if (since === undefined) return undefined;
    this.step = { driver, entries: most, events: most, longest, isMarked: false, since };
    const { bind, params } = binding();
    const sql = unsortedMatches({ part, driver, since, most }, { longest, head: room.head }, bind);
    return { sql, params };
  }

  private takeUnsorted(rows: Row[], since: number): number {
    this.isMerged = true;
    const looked = rows.length;
    if (!hasEnd(rows)) {
      this.dense.gaps.forget(this.part, this.driver);
      return this.step?.entries ?? looked;
    }
    // An event that has two of the values of a list is found twice.
    const found = new Map(foundIn(rows).map((event) => [event.seq, event]));
    this.found.push(...[...found.values()].toSorted((a, b) => b.created_at - a.created_at || b.seq - a.seq));
    this.at = { created_at: since, seq: 0 };
    this.isDone = this.found.length > this.limit || since === (this.part.filter.since ?? 0);
    return looked;
  }

  private next(room: Room): Step {
    const missing = this.limit + 1 - this.found.length;
    const driver = this.nextDriver;
    const step = (wanted: number, isMarked: boolean): Step => {
      const few = Math.min(this.mostEntries(driver, room), wanted);
      return { driver, entries: few, ...roomFor(Math.min(missing + SLACK, few), room), isMarked };
    };
    if (this.isDense) {
      const merging = costOfList(this.part, this.driver) + COST_OF_MERGED * missing;
      return step(merging, true);
    }
    return this.step?.driver === driver
      ? step(GROWTH * this.step.entries, true)
      : step(FIRST_ENTRIES_FOR_MATCH * this.limit + FIRST_ENTRIES, false);
  }

  /** The last second is walked to its end by the index that found it. */
  private get nextDriver(): Driver {
    if (this.isInLastSecond && this.step) return this.step.driver;
    return this.isDense ? this.dense.driverOf(this.part) : this.driver;
  }

  /** Returns the statement for the next entries of the last second. Any of them may come before the events that were found. */
  private lastSecond(room: Room): Statement {
    const driver = this.nextDriver;
    const most = this.mostEntries(driver, room);
    this.step = { driver, entries: most, events: this.limit + 1, longest: NO_JSON, isMarked: true };
    const { bind, params } = binding();
    const second: Asked = { part: this.part, driver, after: this.at, isOneSecond: true, most };
    const sql = `${firstOfSecond(second, room.head, this.step.events, bind)}
UNION ALL ${markAt(most - 1, entries(second, bind), bind)}`;
    return { sql, params };
  }

  take([rows = []]: Row[][]): number {
    const since = this.step?.since;
    const looked =
      since === undefined || this.isInLastSecond ? this.takeInOrder(rows) : this.takeUnsorted(rows, since);
    if (this.isDone && !this.isDense)
      this.dense.gaps.learn(this.part, this.driver, this.found, this.limit + 1);
    return looked;
  }

  private takeInOrder(rows: Row[]): number {
    const { entries: most = 0, events = 0, isMarked = false } = this.step ?? {};
    const isCut = hasMark(rows);
    const isFull = !this.isInLastSecond && rows.length >= events;
    const found = foundIn(rows);
    // An event that has two of the values of a list is found twice.
    for (const event of found) if (event.seq !== this.found.at(-1)?.seq) this.found.push(event);
    if (this.isDense && !this.isInLastSecond) {
      // How many steps follow also depends on the reader's own private events, which others must not notice.
      if (!this.at) this.dense.learn(this.part, this.driver, !isCut);
      this.isDense = !isCut;
    }
    const isEnd = hasEnd(rows) || (isMarked && !isCut && !isFull);
    this.at = (isCut ? rows : found).at(-1) ?? this.at;
    this.isDone = isEnd || this.hasWholeAnswer;
    this.isInLastSecond = this.found.length > this.limit;
    return isFull || isEnd ? found.length : most;
  }

  private mostEntries(driver: Driver, { entries: most }: Room): number {
    return Math.max(1, Math.floor(most / this.costOf(driver)));
  }

  private costOf(driver: Driver): number {
    const isMerged = stretchesOf(this.part, driver) > 1;
    return costOfTesting(this.part, driver) * (isMerged ? COST_OF_MERGED : 1);
  }

  /** Whether there are more matches than the limit, including the whole second of the last one within it. */
  private get hasWholeAnswer(): boolean {
    if (this.found.length <= this.limit || !this.at) return false;
    const last = this.found[this.limit - 1];
    if (!last) return true;
    return this.part.order === "asc"
      ? this.at.created_at > last.created_at
      : this.at.created_at < last.created_at;
  }
}
