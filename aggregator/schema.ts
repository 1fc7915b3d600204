/** The aggregator's table as drizzle sees it: migrations/0002_upstreams.sql makes it. */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const upstreamTable = sqliteTable(
  "upstream",
  {
    url: text("url").primaryKey(),
    leasedUntil: integer("leased_until").notNull().default(0),
    nextPull: integer("next_pull").notNull().default(0),
    failures: integer("failures").notNull().default(0),
    cursor: text("cursor").notNull().default('{"version":1,"pending":[]}'),
    problem: text("problem"),
  },
  (table) => [index("upstream_due").on(table.nextPull)],
);
