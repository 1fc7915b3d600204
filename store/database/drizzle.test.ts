import { expect, it } from "vitest";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { createDrizzle } from "./drizzle.ts";
import { setting } from "./tables.ts";

it("a statement outside a batch does not run, because its error would hide the database's own", async () => {
  const db = migratedSqlite();
  const drizzle = createDrizzle(db);
  await expect(drizzle.insert(setting).values({ name: "a", value: "b" })).rejects.toThrow("Failed query");
  expect(await drizzle.batch([drizzle.select().from(setting)])).toEqual([[]]);
  db.close();
});
