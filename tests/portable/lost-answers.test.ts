/** Commits whose answer is lost are retried. No client misses an event, and none gets it twice. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { retryingDatabase } from "../../store/database/retrying-database.ts";
import { type Failure, failingDatabase } from "../fixtures/failing-database.ts";
import { connect, eventsIn, NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { noPause } from "../fixtures/no-pause.ts";
import { ALICE, by, visitor } from "../fixtures/people.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";
import { seeded } from "../reference/generators.ts";

let next: (isCommit: boolean) => Failure;
let relay: Relay;
beforeEach(() => {
  next = () => undefined;
  const sqlite = migratedSqlite();
  const failing = failingDatabase(sqlite, (sql) =>
    next(sql.some((one) => one.includes("INSERT INTO event "))),
  );
  const options = { random: () => 0.5, now: () => NOW, pause: noPause, retried: () => undefined };
  relay = openRelay({}, { ...sqlite, ...retryingDatabase(failing, options) });
});
afterEach(() => relay.close());

const notes = Array.from({ length: 40 }, (_, n) => by(ALICE, { content: `note ${n}` }));

/** Connects a publisher, a subscriber on the same hub, and a subscriber on another hub. */
async function arrive() {
  const hub = relay.hub("a");
  const clients = [connect(hub), connect(relay.hub("b"))];
  for (const client of clients) await client.say("REQ", "live", {});
  for (const client of clients) client.take();
  return { clients, publisher: visitor(connect(hub)) };
}

const received = (event: { id: string }) => [["live", event.id]];

describe("an event is acknowledged, and delivered once", () => {
  it.each<Failure>(["before", "after"])("if its commit fails %s it is carried out", async (failure) => {
    const { clients, publisher } = await arrive();
    const [first, second] = [notes[0]!, notes[1]!];
    const failures = [failure];
    next = (isCommit) => (isCommit ? failures.shift() : undefined);
    expect((await publisher.publish(first))[0]).toBe(true);
    await relay.settled();
    expect(clients.map((client) => eventsIn(client.take()))).toEqual(clients.map(() => received(first)));
    expect(await publisher.publish(second)).toEqual([true, ""]);
    await relay.settled();
    expect(clients.map((client) => eventsIn(client.take()))).toEqual(clients.map(() => received(second)));
  });

  it("while one thing in five that the database is asked fails", async () => {
    const { clients, publisher } = await arrive();
    const random = seeded(Number(process.env["SEED"] ?? 1));
    next = () => (random() < 0.2 ? (random() < 0.5 ? "before" : "after") : undefined);
    const acknowledged: string[] = [];
    for (const event of notes) if ((await publisher.publish(event))[0]) acknowledged.push(event.id);
    await relay.settled();
    expect(acknowledged.length).toBeGreaterThan(notes.length / 2);
    for (const client of clients) {
      const ids = eventsIn(client.frames).map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(acknowledged));
    }
  });
});
