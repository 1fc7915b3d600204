/** SQL conditions on the table of upstreams: what the aggregator pulls from and publishes to. */
import { and, eq, ne, or, sql } from "drizzle-orm";
import { upstream } from "../database/tables.ts";

/** Settings of a later version may mean something else, so this deployment leaves such an upstream alone. */
const isActive = and(eq(upstream.isPaused, 0), sql`json_extract(${upstream.settings}, '$.version') = 1`);
const direction = sql`coalesce(json_extract(${upstream.settings}, '$.direction'), 'in')`;

/** Events are pulled from it. */
export const isPulled = and(isActive, sql`${direction} <> 'out'`);
/** Events are published to it. */
export const isPublishedTo = and(isActive, sql`${direction} <> 'in'`);

/** Not one of the setting UPSTREAMS that is not in it any more. `urls` is that setting. */
export function isWanted(urls: readonly string[]) {
  return or(ne(upstream.origin, "settings"), sql`${upstream.url} IN ${listOf(urls)}`);
}

/** Returns addresses as a table of one column, `value`. They are one parameter, because D1 binds at most 100. */
export function listOf(urls: readonly string[]) {
  return sql`(SELECT value FROM json_each(${JSON.stringify(urls)}))`;
}
