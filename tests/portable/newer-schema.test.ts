/** A relay whose database has a newer schema than its code: it refuses writes with that reason, and still reads. */
import { expect, it, onTestFinished } from "vitest";
import { readMigrations } from "../../platforms/migration-files.ts";
import { openSqlite } from "../../platforms/sqlite.ts";
import { currentDatabase } from "../../store/database/current-database.ts";
import { ReadOnlyError } from "../../store/database/database.ts";
import { updateSchema } from "../../store/database/schema.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { connect, eventsIn } from "../fixtures/hubs.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { STRANGER } from "../fixtures/strangers.ts";
import { note, openWholeRelay, publish } from "../fixtures/whole-relay.ts";

const WHY = "the database has a newer schema (9999_next.sql) than this version of the relay";
const [ANN] = AUTHORS as [string];

it("stores nothing and says why, by WebSocket, HTTP, queue and management", async () => {
  const { world } = await relayOfNewerSchema();
  const client = connect(world.relay.hub("a"));
  expect(await publish(client, note(ANN))).toContain(`error: ${WHY}`);
  const body = JSON.stringify(note(ANN));
  const response = await world.api.request("/api/v1/events", { method: "POST", body });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining(WHY) } });
  // The queue will retry it.
  await expect(world.queueIngest()(note(ANN), STRANGER)).rejects.toThrow(ReadOnlyError);
  await expect(world.call("banpubkey", ANN)).rejects.toThrow(`error: ${WHY}`);
});

it("answers REQ, HTTP queries, and COUNT of what would get a counter", async () => {
  const { world, stored } = await relayOfNewerSchema();
  const client = connect(world.relay.hub("a"));
  await client.say("REQ", "s", { limit: 1, kinds: [1] });
  expect(eventsIn(client.take())).toEqual([["s", stored.id]]);
  await client.say("COUNT", "c", { "#e": [stored.id], kinds: [7] });
  expect(client.take()).toEqual([["COUNT", "c", expect.objectContaining({ count: 100 })]]);
  expect((await world.api.request(`/api/v1/events/${stored.id}`)).status).toBe(200);
});

it("stores again when the database has gone back, without a restart", async () => {
  const { world, sqlite } = await relayOfNewerSchema();
  const client = connect(world.relay.hub("a"));
  expect(await publish(client, note(ANN))).toContain(WHY);
  sqlite.exec("ALTER TABLE event DROP COLUMN next; DELETE FROM d1_migrations WHERE name = '9999_next.sql'");
  expect(await publish(client, note(ANN))).toBe("");
});

/** Returns such a relay, with a note and 100 reactions that it stored before the schema changed. */
async function relayOfNewerSchema() {
  const sqlite = openSqlite(":memory:");
  const migrations = readMigrations();
  const options = { migrations, now: () => 1_700_000_000, pause: async () => undefined };
  await updateSchema(sqlite, options);
  const stored = note(ANN);
  const reactions = Array.from({ length: 100 }, (_, nth) =>
    signedEvent({ pubkey: ANN, kind: 7, tags: [["e", stored.id]], content: String(nth) }),
  );
  await createStore(sqlite).commit([stored, ...reactions]);
  const next = { name: "9999_next.sql", sql: "ALTER TABLE event ADD COLUMN next TEXT" };
  await updateSchema(sqlite, { ...options, migrations: [...migrations, next] });
  const world = openWholeRelay({}, { ...sqlite, ...currentDatabase(sqlite, options) });
  onTestFinished(() => world.close());
  return { world, stored, sqlite };
}
