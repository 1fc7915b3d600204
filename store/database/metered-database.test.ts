import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { leaseDue } from "../../aggregator/pull/schedule.ts";
import { billedSqlite } from "../../tests/fixtures/billed-sqlite.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { Counts } from "../../telemetry/counts.ts";
import type { Database } from "./database.ts";
import { meteredDatabase } from "./metered-database.ts";
import { createModerationStore } from "../moderation/sql-moderation.ts";
import { createStore } from "../sql/sql-store.ts";
import { finish } from "../work.ts";

let counts: Counts;
let db: ReturnType<typeof billedSqlite>;
let metered: Database;
beforeEach(() => {
  counts = new Counts();
  db = billedSqlite();
  metered = meteredDatabase(db, counts, "http");
});
afterEach(() => db.close());

const read = (amount: number) => ({
  name: "d1_rows_read_total",
  labels: { source: "http" },
  amounts: [amount],
});
const written = (amount: number) => ({
  name: "d1_rows_written_total",
  labels: { source: "http" },
  amounts: [amount],
});

describe("a metered database", () => {
  it("counts a statement each time that it is asked, and answers what the database does", async () => {
    const statement = metered.prepare("SELECT ?1 AS one");
    expect((await statement.bind(1).all()).results).toEqual([{ one: 1 }]);
    expect((await statement.bind("two").all()).results).toEqual([{ one: "two" }]);
    expect(counts.take()).toEqual([read(2)]);
  });

  it("counts every statement of a batch", async () => {
    const results = await metered.batch([
      metered.prepare("INSERT INTO setting (name, value) VALUES (?1, ?2)").bind("a", "b"),
      metered.prepare("SELECT value FROM setting WHERE name = ?1").bind("a"),
    ]);
    expect(results.map((result) => result.results)).toEqual([[], [{ value: "b" }]]);
    expect(counts.take()).toEqual([read(2), written(2)]);
  });

  it("passes a failure on, and counts nothing of it", async () => {
    await expect(metered.prepare("SELECT a FROM nowhere").all()).rejects.toThrow(/nowhere/);
    const broken = metered.prepare("INSERT INTO setting (name) VALUES (NULL)");
    await expect(metered.batch([broken])).rejects.toThrow(/NULL/);
    expect(counts.isEmpty).toBe(true);
  });
});

describe("everything that a store asks is counted", () => {
  const event = signedEvent({ content: "some words" });
  const view = { keys: [], now: 1_700_000_000 };
  const pause = async () => undefined;
  const filter = { tags: [] };

  it.each<[string, (db: Database) => Promise<unknown>]>([
    ["reading", (one) => finish(createStore(one).read([{ filter, view, limit: 10 }]))],
    ["counting", (one) => finish(createStore(one).count([{ filter, view }]))],
    ["records", (one) => finish(createStore(one).records(filter, view, 10))],
    ["catching up with the log", (one) => createStore(one).log(0, 10)],
    ["what is known", (one) => createStore(one).known([event.id])],
    ["what has been deleted", (one) => createStore(one).isDeleted(event)],
    ["what is vanishing", (one) => createStore(one).vanishing()],
    ["removing what has vanished", (one) => createStore(one).removeVanished(event.pubkey, pause)],
    ["unfinished deletions", (one) => createStore(one).unfinishedDeletions()],
    ["finishing a deletion", (one) => createStore(one).finishDeletion(event.id, pause)],
    ["what has expired", (one) => createStore(one).removeExpired(view.now, 10)],
    ["the revision of moderation", (one) => createModerationStore(one).revision()],
    ["moderation", (one) => createModerationStore(one).load()],
    ["standings", (one) => createModerationStore(one).standings([event.pubkey])],
    ["roles", (one) => createModerationStore(one).roles()],
    ["the lease of an upstream", (one) => leaseDue(one, ["wss://upstream.test/"], view.now)],
  ])("%s", async (_, ask) => {
    await ask(metered);
    expect(counts.take().map(({ name }) => name)).toContain("d1_rows_read_total");
  });

  it("commits", async () => {
    await createStore(metered).commit([event]);
    expect(counts.take().map(({ name }) => name)).toEqual(["d1_rows_read_total", "d1_rows_written_total"]);
  });
});
