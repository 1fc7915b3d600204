/** What docs/operating.md tells operators to run against the database. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, eventsIn, openRelay, type Relay } from "../fixtures/hubs.ts";
import { ALICE, by, visitor } from "../fixtures/people.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

const GUIDE = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8");

function commandWith(start: string): string {
  const commands = [...GUIDE.matchAll(/--command "([^"]+)"/g)].map(([, sql = ""]) => sql.trim());
  return commands.find((sql) => sql.startsWith(start))!;
}

const notes = Array.from({ length: 4 }, (_, n) => by(ALICE, { content: `note ${n}` }));

let db: ReturnType<typeof migratedSqlite>;
let relay: Relay;
beforeEach(() => {
  db = migratedSqlite();
  relay = openRelay({}, db);
});
afterEach(() => relay.close());

it("the copy has every event as it was, private ones too", async () => {
  const odd = 'a "quoted" \\ line\nand 🎉 \u0000 nothing';
  const events = [
    by(ALICE, { content: odd, tags: [["t", odd], ["x"]] }),
    by(ALICE, { kind: 4, content: "secret", tags: [["p", ALICE]] }),
    by(ALICE, { content: "", tags: [] }),
  ];
  const publisher = visitor(connect(relay.hub("a")));
  for (const event of events) expect(await publisher.publish(event)).toEqual([true, ""]);
  const sql = commandWith("SELECT").replace("$since", "1");
  const { results } = await db.prepare(sql).all<{ seq: number; event: string }>();
  expect(results.map(({ event }) => JSON.parse(event) as unknown)).toEqual(events.slice(1));
  expect(results.map(({ seq }) => seq)).toEqual([2, 3]);
});

describe("after a restore, hubs deliver what is new", () => {
  it.each([
    ["and the numbers of the log were moved as the guide says", true],
    ["and they were not", false],
  ])("%s", async (_, isMoved) => {
    const [hub, other] = [relay.hub("a"), relay.hub("b")];
    const clients = [connect(hub), connect(other)];
    for (const client of clients) await client.say("REQ", "live", {});
    const publisher = visitor(connect(hub));
    for (const event of notes.slice(0, 3)) await publisher.publish(event);
    await relay.settled();
    // The database as it was after the first event.
    db.exec("DELETE FROM event WHERE seq > 1; UPDATE sqlite_sequence SET seq = 1 WHERE name = 'event'");
    if (isMoved) db.exec(commandWith("UPDATE"));
    for (const client of clients) client.take();
    const late = connect(other);
    await late.say("REQ", "live", {});
    expect(eventsIn(late.take())).toEqual([["live", notes[0]!.id]]);
    // The third one had been stored before, and was lost with the restore.
    for (const event of [notes[3]!, notes[2]!]) {
      expect(await publisher.publish(event)).toEqual([true, ""]);
      await relay.settled();
      for (const client of [...clients, late]) expect(eventsIn(client.take())).toEqual([["live", event.id]]);
    }
    const again = connect(other);
    await again.say("REQ", "all", {});
    const stored = eventsIn(again.take()).map(([, id]) => id);
    expect(stored.toSorted()).toEqual([0, 2, 3].map((at) => notes[at]!.id).toSorted());
  });
});
