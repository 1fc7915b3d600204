/** Looks up the versions of some authors and kinds. If there are too many, it uses another index instead. */
import type { Part } from "./plan.ts";
import type { FoundEvent } from "./store.ts";
import { kindClass } from "../nostr/event.ts";
import { allOf, binary, binding, isOneKind, keyList, timeBounds } from "./conditions.ts";
import { boundedByCursor, costOfTesting, type Driver, restOf } from "./plan.ts";
import { columns, foundIn, hasMark, type Room, type Row, type Statement, type Walk } from "./walk.ts";

/** Maximum number of versions. All must be read, because they are not in the order of time. */
const FEW_VERSIONS = 500;

export class VersionWalk implements Walk {
  private readonly part: Part;
  /** The walk to use if there are too many versions. */
  private readonly other: Walk;
  readonly testing: number;
  private hasBegun = false;
  private most = 0;
  private isOther = false;
  private readonly few: FoundEvent[] = [];

  constructor(part: Part, other: Walk) {
    this.part = part;
    this.other = other;
    this.testing = costOfTesting(part, { by: "version" });
  }

  get found(): FoundEvent[] {
    return this.isOther ? this.other.found : this.few;
  }

  get isDone(): boolean {
    return this.isOther ? this.other.isDone : this.hasBegun;
  }

  get reached(): number | undefined {
    return this.isOther ? this.other.reached : undefined;
  }

  get listing(): number {
    return this.isOther ? this.other.listing : 0;
  }

  plan(room: Room): Statement[] {
    if (this.isOther) return this.other.plan(room);
    const { bind, params } = binding();
    const driver: Driver = { by: "version" };
    const most = Math.max(1, Math.min(FEW_VERSIONS, Math.floor(room.entries / this.testing)));
    this.most = most;
    const { authors = [], kinds = [] } = this.part.filter;
    const versions = `FROM (${keyList(authors.map(binary), bind)}) AS author CROSS JOIN event AS e INDEXED BY event_version
  ON e.d IS NOT NULL AND e.pubkey = author.key AND ${isOneKind("e.kind", kinds, bind)}`;
    const rest = [...timeBounds(boundedByCursor(this.part), bind, "e"), restOf(this.part, driver, bind)];
    // A replaceable kind has at most one version of each author.
    const areFew =
      kinds.every((kind) => kindClass(kind) === "replaceable") && authors.length * kinds.length <= most;
    const sql = areFew
      ? `SELECT ${columns(room.longest, bind)} ${versions} WHERE ${allOf(rest)}`
      : `
WITH few AS MATERIALIZED (SELECT count(*) <= ${bind(most)} AS yes FROM (SELECT 1 ${versions} LIMIT ${bind(most + 1)}))
SELECT ${columns(room.longest, bind)} ${versions} WHERE (SELECT yes FROM few) AND ${allOf(rest)}
UNION ALL SELECT 0, 0, NULL WHERE NOT (SELECT yes FROM few)`;
    return [{ sql, params }];
  }

  take(results: Row[][]): number {
    if (this.isOther) return this.other.take(results);
    this.hasBegun = true;
    const [rows = []] = results;
    this.isOther = hasMark(rows);
    if (!this.isOther) this.few.push(...foundIn(rows));
    return this.isOther ? this.most : rows.length;
  }
}
