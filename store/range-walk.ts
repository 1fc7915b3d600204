/** Walks one stretch of an index in the order of the query. */
import { type Bind, binding, timeBounds } from "./conditions.ts";
import { firstOfSecond } from "./crowded-second.ts";
import { boundedByCursor, TimedWalk } from "./timed-walk.ts";
import {
  columns,
  entriesWithin,
  entryColumns,
  foundIn,
  hasMark,
  markAt,
  type Room,
  type Row,
  SLACK,
  type Statement,
  type Walk,
} from "./walk.ts";

export class RangeWalk extends TimedWalk implements Walk {
  /** The last entry that was looked at. */
  private at: { created_at: number; seq: number } | undefined;
  private planned = { entries: 0, events: 0 };
  /** Whether there are enough matches, but perhaps not those with the first ids of the last second. */
  private isInLastSecond = false;

  get reached(): number | undefined {
    return this.at?.created_at;
  }

  plan(room: Room): Statement[] {
    const most = Math.max(1, Math.floor(room.entries / this.testing));
    if (this.isInLastSecond) return [this.lastSecond(most, room)];
    // Few entries at first, because most answers are short. Then more with each step.
    const wanted = this.planned.entries === 0 ? 2 * this.limit + 100 : 4 * this.planned.entries;
    const entries = Math.min(most, wanted);
    const events = Math.min(room.events, entries, this.limit + 1 - this.found.length + SLACK);
    this.planned = { entries, events };
    const { bind, params } = binding();
    const index = this.entries(entries, bind);
    const sql = `
SELECT ${columns(room.longest, bind)}
FROM (SELECT ${entryColumns(this.driver)} ${index} LIMIT ${bind(entries)}) AS w CROSS JOIN event AS e ON e.seq = w.seq
WHERE ${this.matching(room, bind)}
UNION ALL ${markAt(entries - 1, index, bind)}
LIMIT ${bind(events)}`;
    return [{ sql, params }];
  }

  /** Returns the statement for the next entries of the last second. Any of them may come before the events that were found. */
  private lastSecond(most: number, room: Room): Statement {
    this.planned = { entries: most, events: this.limit + 1 };
    const { bind, params } = binding();
    const { isAscending } = this;
    const index = this.restOfSecond(bind);
    const entries = `SELECT ${entryColumns(this.driver)} ${index} LIMIT ${bind(most)}`;
    const second = { entries, rest: this.matching(room, bind), isAscending, events: this.planned.events };
    return { sql: `${firstOfSecond(second, bind)} UNION ALL ${markAt(most - 1, index, bind)}`, params };
  }

  take([rows = []]: Row[][]): number {
    const isMarked = hasMark(rows);
    const found = foundIn(rows);
    this.found.push(...found);
    const isFull = !this.isInLastSecond && rows.length >= this.planned.events;
    this.at = rows.at(-1) ?? this.at;
    this.isDone = (!isMarked && !isFull) || this.hasWholeAnswer;
    this.isInLastSecond = this.found.length > this.limit;
    return isMarked ? this.planned.entries : found.length;
  }

  /** Whether there are more matches than the limit, including the whole second of the last one within it. */
  private get hasWholeAnswer(): boolean {
    if (this.found.length <= this.limit || !this.at) return false;
    const last = this.found[this.limit - 1];
    return (
      !last ||
      (this.isAscending ? this.at.created_at > last.created_at : this.at.created_at < last.created_at)
    );
  }

  /**
   * The SQL after SELECT for the next entries. After the first step these are two stretches: the rest of the last
   * second, and all others.
   */
  private entries(most: number, bind: Bind): string {
    const bounds = boundedByCursor(this.part);
    if (!this.at) return this.within(timeBounds(bounds, bind, "t"), bind);
    const end = this.isAscending ? bounds.until : bounds.since;
    const others = [
      `t.created_at ${this.beyond} ${bind(this.at.created_at)}`,
      ...(end === undefined ? [] : timeBounds(this.isAscending ? { until: end } : { since: end }, bind, "t")),
    ];
    // A single condition for both would read the whole last second again.
    const stretches = [this.restOfSecond(bind), this.within(others, bind)].map(
      (index) => `SELECT * FROM (SELECT ${entryColumns(this.driver)} ${index} LIMIT ${bind(most)})`,
    );
    return `FROM (${stretches.join(" UNION ALL ")}) AS t`;
  }

  /** The SQL after SELECT for the entries of the last second that were not looked at. */
  private restOfSecond(bind: Bind): string {
    const { created_at, seq } = this.at ?? { created_at: 0, seq: 0 };
    return this.within([`t.created_at = ${bind(created_at)}`, `t.seq ${this.beyond} ${bind(seq)}`], bind);
  }

  private within(bounds: string[], bind: Bind): string {
    const direction = this.isAscending ? "ASC" : "DESC";
    const order = `ORDER BY t.created_at ${direction}, t.seq ${direction}`;
    return `${entriesWithin(this.part, this.driver, bind, bounds)} ${order}`;
  }

  private get beyond(): string {
    return this.isAscending ? ">" : "<";
  }
}
