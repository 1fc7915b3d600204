/** Walks all entries of an index, one stretch after the other, for those who want every match in any order. */
import { binding } from "./conditions.ts";
import { listedEntries, type ListPlace } from "./entries.ts";
import { costOfTesting, type Driver, type Part } from "./plan.ts";
import type { FoundEvent } from "../store.ts";
import { found, foundIn, type Room, roomFor, type Row, type Statement, type Walk } from "./walk.ts";

export class ListWalk implements Walk {
  readonly found: FoundEvent[] = [];
  isDone = false;
  /** Always undefined: the stretches are not in the order of time. */
  readonly reached = undefined;
  readonly testing: number;
  readonly listing = 0;
  private readonly part: Part;
  private readonly driver: Driver;
  /** The last entry that was looked at. */
  private after: ListPlace | undefined;
  private planned = 0;

  constructor(part: Part, driver: Driver) {
    this.part = part;
    this.driver = driver;
    this.testing = costOfTesting(part, driver);
  }

  plan(room: Room): Statement[] {
    const { events, longest } = roomFor(Math.floor(room.entries / this.testing), room);
    this.planned = events;
    const { bind, params } = binding();
    const { part, driver, after } = this;
    const match = found(longest, bind);
    return [
      { sql: listedEntries({ part, driver, after, most: this.planned }, match, room.head, bind), params },
    ];
  }

  take([rows = []]: Row[][]): number {
    const last = rows.at(-1);
    this.found.push(...foundIn(rows));
    this.isDone = rows.length < this.planned;
    if (last) this.after = { stretch: last.stretch ?? 0, seq: last.seq, created_at: last.created_at };
    return rows.length;
  }
}
