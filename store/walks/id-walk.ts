/** Looks up a list of ids, a bounded number in each step. */
import type { FoundEvent } from "../store.ts";
import { allOf, binary, binding, keyList, timeBounds } from "./conditions.ts";
import { boundedByCursor, costOfTesting, type Part, restOf } from "./plan.ts";
import { columns, foundIn, type Room, roomFor, type Row, type Statement, type Walk } from "./walk.ts";

/** The index of UNIQUE (id). Without naming it, SQLite would read all events of a kind instead. */
const BY_ID = "sqlite_autoindex_event_1";

export class IdWalk implements Walk {
  readonly found: FoundEvent[] = [];
  /** Always undefined: ids are not in the order of time, so nothing is known before the end. */
  readonly reached = undefined;
  private readonly part: Part;
  private readonly ids: string[];
  readonly testing: number;
  readonly listing = 0;
  private planned = 0;

  constructor(part: Part) {
    this.part = part;
    this.testing = costOfTesting(part, { by: "id" });
    this.ids = [...(part.filter.ids ?? [])];
  }

  get isDone(): boolean {
    return this.ids.length === 0;
  }

  plan(room: Room): Statement[] {
    const { bind, params } = binding();
    const most = Math.floor(room.entries / this.testing);
    const { events, longest } = roomFor(Math.min(this.ids.length, most), room);
    const some = this.ids.slice(0, events);
    this.planned = some.length;
    const sql = `
SELECT ${columns(longest, bind)}
FROM (${keyList(some.map(binary), bind)}) AS asked CROSS JOIN event AS e INDEXED BY ${BY_ID} ON e.id = asked.key
WHERE ${allOf([...timeBounds(boundedByCursor(this.part), bind, "e"), restOf(this.part, { by: "id" }, bind)])}`;
    return [{ sql, params }];
  }

  take([rows = []]: Row[][]): number {
    this.found.push(...foundIn(rows));
    return this.ids.splice(0, this.planned).length;
  }
}
