/** How many round trips to the database each kind of question makes. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { wrapDatabase } from "../../store/database/wrapped-database.ts";
import { type Client, connect, eventsIn, NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { visitor } from "../fixtures/people.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

const ROOT = "ab".repeat(32);

let relay: Relay;
/** The statements of each round trip. */
let trips: string[][];
beforeEach(() => {
  [relay, trips] = openCounted();
});
afterEach(() => relay.close());

/** Opens a relay whose database answers later, as over a network. */
function openCounted(settings: Record<string, string> = {}): [Relay, string[][]] {
  const made: string[][] = [];
  const sqlite = migratedSqlite();
  const counted = wrapDatabase(sqlite, async (statements, run) => {
    made.push(statements.map(({ sql }) => sql));
    await new Promise((later) => setTimeout(later));
    return run();
  });
  return [openRelay(settings, { ...counted, close: () => sqlite.close() }), made];
}

/** Connects to a hub, which may be new, from a network of its own. */
function from(network: number, hub = relay.hub("a")): Client {
  return connect(hub, { ip: `203.0.${network}.1` });
}

async function tripsOf(work: () => Promise<unknown>): Promise<number> {
  const before = trips.length;
  await work();
  await relay.settled();
  return trips.length - before;
}

const replies = (amount: number, root = ROOT) =>
  Array.from({ length: amount }, (_, n) =>
    signedEvent({ content: `${n}`, created_at: NOW - n, tags: [["e", root]] }),
  );

it.each<[string, unknown[]]>([
  ["a thread", ["REQ", "q", { ids: [ROOT] }, { kinds: [1], "#e": [ROOT] }]],
  ["the notes of authors", ["REQ", "q", { kinds: [1], authors: [...AUTHORS] }]],
  ["the newest", ["REQ", "q", { limit: 20 }]],
  ["a count of replies", ["COUNT", "q", { kinds: [1], "#e": [ROOT] }]],
  ["a count of an author's notes", ["COUNT", "q", { kinds: [1], authors: [AUTHORS[0]] }]],
])("%s makes one trip, also in a hub that knows nothing yet", async (_, message) => {
  await relay.store.commit(replies(5));
  const hub = relay.hub("a");
  expect(await tripsOf(() => from(1, hub).say(...message))).toBe(1);
  expect(await tripsOf(() => from(2, hub).say(...message))).toBe(1);
});

it("a count whose number is kept makes one trip", async () => {
  await relay.store.commit(replies(100));
  const count = () => from(1).say("COUNT", "q", { kinds: [1], "#e": [ROOT] });
  // The first one also writes the counter.
  expect(await tripsOf(count)).toBe(2);
  expect(await tripsOf(count)).toBe(1);
});

/** Eight clients of different networks, which ask at the same time. Resolves with the ids that each was sent. */
async function askTogether(filterOf: (n: number) => object): Promise<string[][]> {
  const hub = relay.hub("a");
  const clients = Array.from({ length: 8 }, (_, n) => from(n, hub));
  await Promise.all(clients.map((client, n) => client.say("REQ", "q", filterOf(n))));
  return clients.map((client) => eventsIn(client.take()).map(([, id]) => id));
}

it("eight questions at the same time make one trip", async () => {
  const notes = replies(8);
  await relay.store.commit(notes);
  let answers: string[][] = [];
  const ask = async () => void (answers = await askTogether((n) => ({ kinds: [1], until: NOW - n })));
  expect(await tripsOf(ask)).toBe(1);
  expect(answers).toEqual(notes.map((_, n) => notes.slice(n).map(({ id }) => id)));
});

it("a question that eight ask at the same time is asked once", async () => {
  const notes = replies(3);
  await relay.store.commit(notes);
  const alone = () => from(20).say("REQ", "q", { kinds: [1] });
  expect(await tripsOf(alone)).toBe(1);
  const asked = trips.at(-1);
  let answers: string[][] = [];
  expect(await tripsOf(async () => void (answers = await askTogether(() => ({ kinds: [1] }))))).toBe(1);
  expect(trips.at(-1)).toEqual(asked);
  expect(answers).toEqual(answers.map(() => notes.map(({ id }) => id)));
});

it("a hub that did not know that reading is restricted sends nothing of what it read at the same time", async () => {
  await relay.store.commit(replies(5));
  const entry = { at: NOW, pubkey: "", method: "changereadaccess", params: ["auth"], outcome: "done" };
  await relay.moderation.change([{ do: "set", setting: "READ_ACCESS", value: "auth" }], entry);
  const [reader, counter] = [from(1), from(2)];
  expect(await tripsOf(() => reader.say("REQ", "q", { kinds: [1] }))).toBe(1);
  expect(reader.take()).toEqual([["CLOSED", "q", expect.stringMatching(/^auth-required: /)]]);
  expect(await tripsOf(() => counter.say("COUNT", "q", { kinds: [1], "#e": [ROOT] }))).toBe(1);
  expect(counter.take()).toEqual([["CLOSED", "q", expect.stringMatching(/^auth-required: /)]]);
  expect(reader.session.subscriptions.size).toBe(0);
});

it("where only some may read, events are not looked at for others", async () => {
  relay.close();
  [relay, trips] = openCounted({ READ_ACCESS: "allow" });
  const stranger = visitor(from(1));
  await stranger.authenticate(AUTHORS[0]!);
  trips.length = 0;
  expect(await stranger.sees({ kinds: [1] })).toMatch(/^restricted: /);
  expect(trips.flat().filter((sql) => sql.includes("FROM event"))).toEqual([]);
});
