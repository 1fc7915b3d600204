/**
 * A second with more matches than a step returns. The events of one second are in the order of their ids, but an index
 * has them in the order of arrival. So the database sorts them, and returns only the first ones.
 */
import type { Bind } from "./conditions.ts";
import { columns } from "./walk.ts";

/** They may be many, so a step returns them without their JSON. */
const NO_JSON = -1;

interface Second {
  /** SQL: the entries of an index, all of one second. */
  entries: string;
  /** SQL: the conditions that an entry `w` and its event `e` must satisfy. */
  rest: string;
  isAscending: boolean;
  /** Maximum number of events. */
  events: number;
}

/** Returns SQL for the first matches of a second, each once, in no order. */
export function firstOfSecond({ entries, rest, isAscending, events }: Second, bind: Bind): string {
  return `
SELECT ${columns(NO_JSON, bind)}
FROM (
  SELECT DISTINCT e.id, e.seq FROM (${entries}) AS w CROSS JOIN event AS e ON e.seq = w.seq
  WHERE ${rest} ORDER BY e.id ${isAscending ? "DESC" : "ASC"} LIMIT ${bind(events)}
) AS first CROSS JOIN event AS e ON e.seq = first.seq`;
}
