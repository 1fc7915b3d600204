/**
 * Looks up the versions of some authors and kinds, or with a `d` tag the few events that have it. If there are too many of both,
 * it uses another index instead.
 */
import type { Part } from "./plan.ts";
import type { FoundEvent } from "../store.ts";
import { kindClass } from "../../nostr/event.ts";
import type { TagCondition } from "../../nostr/filter.ts";
import {
  allOf,
  type Bind,
  binary,
  binding,
  isOneKind,
  keyList,
  numberedKeys,
  timeBounds,
} from "./conditions.ts";
import { boundedByCursor, costOfTesting, type Driver, indexOf, restOf } from "./plan.ts";
import { columns, foundIn, hasMark, type Room, type Row, type Statement, type Walk } from "./walk.ts";

/** Maximum number of versions. All must be read, because they are not in the order of time. */
const FEW_VERSIONS = 500;
/** Maximum number of events with a `d` tag that are looked at before the versions. Many authors may use the same value. */
const FEW_TAGGED = 5;

const FEW_AUTHORS = 64;

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
    const most = Math.max(1, Math.min(FEW_VERSIONS, Math.floor(room.entries / this.testing)));
    this.most = most;
    const event = columns(room.longest, bind);
    const { authors = [], kinds = [], tags } = this.part.filter;
    // A replaceable kind has at most one version of each author.
    const areFew =
      kinds.every((kind) => kindClass(kind) === "replaceable") && authors.length * kinds.length <= most;
    // The SQL has it twice if they may be many.
    const list = (areFew || authors.length <= FEW_AUTHORS ? keyList : numberedKeys)(
      authors.map(binary),
      bind,
    );
    const versions = `(${list}) AS author CROSS JOIN event AS e INDEXED BY event_version
  ON e.d IS NOT NULL AND e.pubkey = author.key AND ${isOneKind("e.kind", kinds, bind)}`;
    const times = timeBounds(boundedByCursor(this.part), bind, "e");
    const rest = allOf([...times, restOf(this.part, { by: "version" }, bind)]);
    if (areFew) return [{ sql: `SELECT ${event} FROM ${versions} WHERE ${rest}`, params }];
    const tag = tags.find(({ name }) => name === "d");
    const ofTag = tag ? this.tagged(tag, event, bind) : { count: "SELECT 0 AS yes", matches: "" };
    const isTagged = "(SELECT yes FROM tagged)";
    const sql = `
WITH tagged AS MATERIALIZED (${ofTag.count}),
few AS MATERIALIZED (SELECT count(*) <= ${bind(most)} AS yes FROM (
  SELECT 1 FROM ${versions} WHERE NOT ${isTagged} LIMIT ${bind(most + 1)}))
${ofTag.matches}
SELECT ${event} FROM ${versions} WHERE NOT ${isTagged} AND (SELECT yes FROM few) AND ${rest}
UNION ALL SELECT 0, 0, NULL WHERE NOT ${isTagged} AND NOT (SELECT yes FROM few)`;
    return [{ sql, params }];
  }

  /** Returns SQL that says whether few events have the tag, and SQL for the matches among these. */
  private tagged(tag: TagCondition, event: string, bind: Bind): { count: string; matches: string } {
    const driver: Driver = { by: "tag", tag };
    const { from, where } = indexOf(this.part, driver, { alias: "t" }, bind);
    const conditions = [...where, ...timeBounds(boundedByCursor(this.part), bind, "t")];
    return {
      count: `SELECT count(*) <= ${bind(FEW_TAGGED)} AS yes FROM (
  SELECT 1 FROM ${from} WHERE ${allOf(where)} LIMIT ${bind(FEW_TAGGED + 1)})`,
      // What decides comes first. As a condition, SQLite would test it for each entry of the tag.
      matches: `SELECT ${event} FROM tagged CROSS JOIN ${from} CROSS JOIN event AS e ON e.seq = t.seq
WHERE tagged.yes AND ${allOf([...conditions, restOf(this.part, driver, bind, "t")])} UNION ALL`,
    };
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
