import { expect, it } from "vitest";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { createModerationStore } from "../moderation/sql-moderation.ts";

const moved = (pulledTo?: number) => ({ ...(pulledTo !== undefined && { pulledTo }), pending: [] });
const withFilters = (...times: (number | undefined)[]) => ({
  version: 2,
  filters: Object.fromEntries(times.map((time, kind) => [`{"kinds":[${kind}]}`, moved(time)])),
});

it.each<[what: string, cursor: object, pulledTo: number | null]>([
  ["a new one", { version: 1, pending: [] }, null],
  ["one that was pulled before upstreams had filters", { version: 1, ...moved(500) }, 500],
  ["one without a cursor of this version", withFilters(), null],
  ["one filter", withFilters(500), 500],
  ["several filters: the slowest", withFilters(500, 300, 400), 300],
  ["a filter that was never pulled", withFilters(500, undefined), null],
])("how far the pulls are, of %s", async (_, cursor, pulledTo) => {
  const db = migratedSqlite();
  const statement = db.prepare(
    "INSERT INTO upstream (url, origin, failures, cursor) VALUES ('wss://a', 'operator', 2, ?1)",
  );
  await statement.bind(JSON.stringify(cursor)).all();
  const progress = await createModerationStore(db).pullProgress([]);
  expect(progress).toEqual([{ url: "wss://a", failures: 2, pulledTo }]);
  db.close();
});
