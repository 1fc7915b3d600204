/** Looks up the versions of some authors and kinds. */
import { kindClass } from "../../nostr/event.ts";
import { allOf, binary, binding, isOneValue, keyList, limitedTo, timeBounds } from "./conditions.ts";
import { FewWalk } from "./few-walk.ts";
import { boundedByCursor, restOf } from "./plan.ts";
import { columns, type Statement } from "./walk.ts";

export class VersionWalk extends FewWalk {
  /** A replaceable kind has at most one version of each author. */
  protected get expected(): number {
    const { authors = [], kinds = [] } = this.part.filter;
    return kinds.every((kind) => kindClass(kind) === "replaceable")
      ? authors.length * kinds.length
      : Infinity;
  }

  protected lookUp(most: number, longest: number): Statement {
    const { bind, params } = binding();
    const event = columns(longest, bind);
    const { authors = [], kinds = [] } = this.part.filter;
    const versions = `(${keyList(authors.map(binary), bind)}) AS author CROSS JOIN event AS e INDEXED BY event_version
  ON e.d IS NOT NULL AND e.pubkey = author.key AND ${isOneValue("e.kind", kinds, bind)}`;
    const times = timeBounds(boundedByCursor(this.part), bind, "e");
    const rest = allOf([...times, restOf(this.part, { by: "version" }, bind)]);
    if (this.expected <= most) return { sql: `SELECT ${event} FROM ${versions} WHERE ${rest}`, params };
    const sql = `
WITH few AS MATERIALIZED (SELECT count(*) <= ${bind(most)} AS yes FROM (SELECT 1 FROM ${versions} ${limitedTo(most + 1, bind)}))
SELECT ${event} FROM ${versions} WHERE (SELECT yes FROM few) AND ${rest}
UNION ALL SELECT 0, 0, NULL WHERE NOT (SELECT yes FROM few)`;
    return { sql, params };
  }
}
