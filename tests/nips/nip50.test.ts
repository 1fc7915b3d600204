/** Search (NIP-50) over a whole relay: stored answers, live delivery on several hubs, and hubs that have slept. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { MOST_RANKED } from "../../store/walks/search-walk.ts";
import { connect, eventsIn, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";
import { KeptSession } from "../fixtures/kept-session.ts";
import { strangersIdentity } from "../fixtures/strangers.ts";
import { seeded } from "../reference/generators.ts";
import { aSearch, aText, isFoundBy } from "../reference/search.ts";
import { noPause } from "../fixtures/no-pause.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay({ MAX_SUBSCRIPTIONS: "1000", MAX_LIMIT: "1000", DEFAULT_LIMIT: "1000" });
});
afterEach(() => relay.close());

it("[35] a subscription that searches has the stored events that fit, best first, and of the live ones those", async () => {
  const [here, there] = [connect(relay.hub("a")), connect(relay.hub("b"))];
  const stored = ["a cat among many others", "cat cat", "dogs"].map((content) => signedEvent({ content }));
  for (const event of stored) await here.say("EVENT", event);
  here.take();
  await here.say("REQ", "s", { search: "CAT language:en" });
  const ids = stored.map(({ id }) => id);
  expect(here.take().map(([verb, , event]) => [verb, (event as { id?: string } | undefined)?.id])).toEqual([
    ["EVENT", ids[1]],
    ["EVENT", ids[0]],
    ["EOSE", undefined],
  ]);
  const texts = ["another cat", "cats", "a dog", "Cat!"];
  const live = texts.map((content) => signedEvent({ content }));
  const ephemeral = signedEvent({ content: "passing cat", kind: 20_001 });
  for (const event of [...live, ephemeral]) await there.say("EVENT", event);
  await relay.settled();
  const [first, , , last] = live.map(({ id }) => id);
  expect(eventsIn(here.take())).toEqual([
    ["s", first],
    ["s", last],
    ["s", ephemeral.id],
  ]);
});

it("[35] a search is refused when it is too long, and answered with nothing when there is nothing to find", async () => {
  const client = connect(relay.hub("a"));
  await client.say("REQ", "long", { search: "x".repeat(257) });
  await client.say("REQ", "none", { search: "!!!" });
  expect(client.take()).toEqual([
    ["CLOSED", "long", expect.stringMatching(/^invalid: search must be text/)],
    ["EOSE", "none"],
  ]);
});

it("[35] a search of more than ten words is refused by REQ, COUNT and NEG-OPEN, and says why", async () => {
  const client = connect(relay.hub("a"));
  const search = "one two three four five six seven eight nine ten eleven";
  await client.say("REQ", "s", { search });
  await client.say("COUNT", "s", { search });
  await client.say("NEG-OPEN", "s", { search }, "61");
  const reason = "invalid: search has 11 words; at most 10 are allowed";
  expect(client.take()).toEqual([
    ["CLOSED", "s", reason],
    ["CLOSED", "s", reason],
    ["NEG-ERR", "s", reason],
  ]);
});

it.each([
  ["dont re:zero", "Don’t miss Re:Zero", "dont, Re and Zero"],
  ["don't", "you dont say", "don t"],
  ["eau", "de l’eau", "beau"],
  ["TODO:fix", "todo: fix it", "fix todo"],
])("[35] %j finds %j and not %j, stored and live", async (search, wanted, other) => {
  const [client, publisher] = [connect(relay.hub("a")), connect(relay.hub("b"))];
  await client.say("REQ", "live", { search });
  client.take();
  const events = [wanted, other].map((content) => signedEvent({ content }));
  for (const event of events) await publisher.say("EVENT", event);
  await relay.settled();
  expect(eventsIn(client.take())).toEqual([["live", events[0]?.id]]);
  await client.say("REQ", "stored", { search });
  expect(eventsIn(client.take())).toEqual([["stored", events[0]?.id]]);
});

it.runIf(SEES_INSIDE)("[35] what a hub remembers of a search is enough after it has slept", async () => {
  const asleep = connect(relay.hub("a"));
  await asleep.say("REQ", "s", { search: "日本 NOT language:ja" });
  await relay.settled();
  const records = [...asleep.records.values()].map((record) => JSON.parse(JSON.stringify(record)));
  const frames: string[] = [];
  const socket = { send: (frame: string) => void frames.push(frame), close: () => undefined };
  relay.hub("a").open(socket, new KeptSession(), strangersIdentity(), records);
  const publisher = connect(relay.hub("b"));
  const wanted = signedEvent({ content: "not 日本語" });
  for (const event of [wanted, signedEvent({ content: "日本語" }), signedEvent({ content: "not 本日" })]) {
    await publisher.say("EVENT", event);
  }
  await relay.settled();
  expect(frames).toEqual([JSON.stringify(["EVENT", "s", wanted])]);
});

it("[35] generated searches get live what the reference finds, and find the same when it is stored", async () => {
  const random = seeded(20_261_126);
  const client = connect(relay.hub("a"));
  const searches = Array.from({ length: 80 }, () => aSearch(random));
  for (const [n, search] of searches.entries()) await client.say("REQ", String(n), { search });
  client.take();
  const publisher = connect(relay.hub("b"));
  const events = Array.from({ length: 60 }, (_, created_at) =>
    signedEvent({
      created_at: 1_700_000_000 + created_at,
      content: aText(random, 1 + Math.floor(random() * 6)),
    }),
  );
  for (const event of events) await publisher.say("EVENT", event);
  await relay.settled();
  const expected = searches.flatMap((search, n) =>
    events.filter((event) => isFoundBy(search, event)).map(({ id }) => `${n} ${id}`),
  );
  const isSame = () =>
    expect(
      eventsIn(client.take())
        .map((found) => found.join(" "))
        .toSorted(),
    ).toEqual(expected.toSorted());
  isSame();
  for (const [n, search] of searches.entries()) await client.say("REQ", String(n), { search });
  isSame();
  expect(expected.length).toBeGreaterThan(200);
});

describe("[35] the index", () => {
  const SCORES = `SELECT rowid, rank FROM search WHERE search MATCH '"gone"' ORDER BY rowid`;

  it.runIf(SEES_INSIDE)(
    "keeps nothing of what has been replaced, deleted, vanished or removed as expired",
    async () => {
      const db = migratedSqlite();
      const store = createStore(db);
      const of = (fields: Partial<Event>) => signedEvent({ content: "gone", created_at: 1, ...fields });
      const deleted = of({});
      const vanished = of({ pubkey: AUTHORS[1]! });
      const expired = of({ tags: [["expiration", "5"]] });
      await store.commit([of({ kind: 0 }), of({ kind: 7 }), deleted, vanished, expired]);
      expect((await db.prepare(SCORES).all()).results).toHaveLength(4);
      await store.commit([signedEvent({ kind: 0, created_at: 2 })]);
      await store.commit([signedEvent({ kind: 5, created_at: 2, tags: [["e", deleted.id]] })]);
      const tags = [["relay", "ALL_RELAYS"]];
      await store.commit([signedEvent({ kind: 62, created_at: 2, tags, pubkey: AUTHORS[1]! })]);
      await store.removeVanished(AUTHORS[1]!, noPause);
      await store.removeExpired(5, 10);
      expect((await db.prepare("SELECT rowid FROM search").all()).results).toEqual([]);
      db.close();
    },
  );

  it.runIf(SEES_INSIDE)("is not touched by a duplicate", async () => {
    const db = migratedSqlite();
    const store = createStore(db);
    const event = signedEvent({ content: "gone" });
    await store.commit([event, signedEvent({ content: "not gone" })]);
    const before = (await db.prepare(SCORES).all()).results;
    await store.commit([event]);
    expect((await db.prepare(SCORES).all()).results).toEqual(before);
    db.close();
  });
});

it.runIf(SEES_INSIDE)("[35] a word of every event is looked for in the last stored only", async () => {
  const hex = (n: number) => n.toString(16).padStart(64, "0");
  const event = (n: number, content: string) => ({ ...signed, id: hex(n), created_at: n, content });
  const signed = signedEvent();
  const best = event(0, "the the the");
  await relay.store.commit([best]);
  await relay.store.commit(Array.from({ length: MOST_RANKED - 1 }, (_, n) => event(n + 1, "the end")));
  const client = connect(relay.hub("a"));
  const first = async () => {
    await client.say("REQ", "s", { search: "the", limit: 1 });
    return eventsIn(client.take())[0]?.[1];
  };
  expect(await first()).toBe(best.id);
  await relay.store.commit([event(MOST_RANKED, "the end")]);
  expect(await first()).toBe(hex(MOST_RANKED));
});
