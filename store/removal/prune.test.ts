import { afterEach, beforeEach, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { parseRetention } from "../../nostr/retention.ts";
import { note } from "../../tests/contract/queries.ts";
import { noPause } from "../../tests/fixtures/no-pause.ts";
import { STRANGERS_VIEW } from "../../tests/fixtures/strangers.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { PUBKEYS } from "../../tests/reference/generators.ts";
import { createModerationStore } from "../moderation/sql-moderation.ts";
import { createStore } from "../sql/sql-store.ts";
import type { Store } from "../store.ts";
import { finish } from "../work.ts";

const [ALICE = "", BOB = ""] = PUBKEYS;
const NOW = 10_000;

let db: ReturnType<typeof migratedSqlite>;
let store: Store;
beforeEach(() => {
  db = migratedSqlite();
  store = createStore(db);
});
afterEach(() => db.close());

function prune(
  rules: string,
  isPulled = false,
  change: { most?: number; pause?: () => Promise<void>; now?: number } = {},
) {
  const { most = 10_000, pause = noPause, now = NOW } = change;
  return store.prune({ rules: parseRetention(rules) ?? [], isPulled, now, most }, pause);
}

const notes = (count: number, draft: Partial<Event> = {}) =>
  Array.from({ length: count }, (_, n) => note(n, { tags: [["t", "x"]], ...draft }));

async function left(): Promise<string[]> {
  return (await store.log(0, 5000)).events.map(({ id }) => id);
}

const idsOf = (events: Event[]) => events.map(({ id }) => id);

it("removes what is older than its kind is kept, and nothing else", async () => {
  const [old, edge, other, version] = [
    note(NOW - 61, { kind: 7 }),
    note(NOW - 60, { kind: 7 }),
    note(1),
    note(2, { kind: 0 }),
  ];
  await store.commit([old, edge, other, version]);
  expect(await prune("7:60,0:forever,1:9999")).toBe(1);
  expect(await left()).toEqual(idsOf([edge, other, version]));
  expect(await prune("")).toBe(0);
  expect(await prune("*:forever")).toBe(0);
  expect(await prune("0:forever,*:60")).toBe(1);
  expect(await left()).toEqual(idsOf([edge, version]));
});

it("removes in steps, the oldest first, and no more than it is told; tags, search and counters follow", async () => {
  const target = "e".repeat(64);
  const events = notes(700, { kind: 7, tags: [["e", target]], content: "+" });
  const words = notes(30, { content: "heron" });
  for (const some of [events.slice(0, 400), events.slice(400), words]) await store.commit(some);
  const reactions = { filter: { kinds: [7], tags: [{ name: "e", values: [target] }] }, view: STRANGERS_VIEW };
  const count = async () => (await finish(store.count([reactions]))).result;
  expect(await count()).toMatchObject({ count: 700, isEstimate: false });

  const sizes: number[] = [];
  const pause = async () => void sizes.push((await left()).length);
  expect(await prune("7:60", false, { most: 600, pause })).toBe(600);
  expect(sizes.length).toBeGreaterThanOrEqual(2);
  expect(await left()).toEqual(idsOf([...events.slice(600), ...words]));
  expect(await count()).toMatchObject({ count: 100, isEstimate: false });
  expect(await prune("*:60")).toBe(130);
  expect(await left()).toEqual([]);
  const found = await finish(
    store.read([{ filter: { search: "heron", tags: [] }, view: STRANGERS_VIEW, limit: 10 }]),
  );
  expect(found.result.answers[0]?.events).toEqual([]);
  const { results } = await db
    .prepare("SELECT (SELECT count(*) FROM tag) AS tags, (SELECT count(*) FROM counter) AS counters")
    .all();
  expect(results).toEqual([{ tags: 0, counters: 0 }]);
});

it("removes of upstreams' events none that a client has published, before or after, or that a member has", async () => {
  const [own, pulled, both, reversed] = notes(4) as [Event, Event, Event, Event];
  db.exec("INSERT INTO onward (url, sent) VALUES ('wss://relay.example', 0)");
  const members = [...notes(3, { pubkey: BOB }), note(3, { kind: 1059, tags: [["p", BOB]] })];
  const strangers = note(3, { kind: 1059, tags: [["p", ALICE]] });
  await store.commit([own, reversed]);
  await store.commit([pulled, both, reversed, ...members, strangers], { isPulled: true });
  expect((await store.commit([both])).fates).toEqual([{ kind: "duplicate" }]);
  const member = { do: "add", list: "allowed-pubkey", subject: BOB, reason: "" } as const;
  await createModerationStore(db).change([member], {
    at: 1,
    pubkey: ALICE,
    method: "m",
    params: [],
    outcome: "done",
  });
  expect(await prune("*:60", true)).toBe(2);
  expect(await left()).toEqual(idsOf([own, reversed, both, ...members]));
  // The next run does not look at them again.
  let steps = 0;
  expect(await prune("*:60", true, { pause: async () => void (steps += 1) })).toBe(0);
  expect(steps).toBe(0);
  // No client has published the members' events, so they are not published onward.
  const adopted = await db
    .prepare("SELECT lower(hex(id)) AS id FROM onward_adopted JOIN event USING (seq) ORDER BY seq")
    .all<{ id: string }>();
  expect(adopted.results.map(({ id }) => id)).toEqual(idsOf([both]));
});

it("counts events as published here, too, without storing them again", async () => {
  const [adopted, pulled] = notes(2) as [Event, Event];
  await store.commit([adopted, pulled], { isPulled: true });
  await store.adopt([adopted.id, "f".repeat(64)]);
  expect(await prune("*:60", true)).toBe(1);
  expect(await left()).toEqual([adopted.id]);
});

it("comes to every kind, however many there are", async () => {
  const events = Array.from({ length: 700 }, (_, n) => note(n, { kind: 40_000 + 13 * n }));
  await store.commit(events, { isPulled: true });
  let removed = 0;
  let runs = 0;
  for (; removed < 700; runs += 1) removed += await prune("*:60", true, { now: NOW + 60 * runs });
  expect(runs).toBeGreaterThan(1);
  expect(runs).toBeLessThan(50);
});

it("what has been deleted stays deleted when its deletion is removed", async () => {
  const event = note(5, { pubkey: ALICE });
  await store.commit([event]);
  await store.commit([note(6, { kind: 5, pubkey: ALICE, tags: [["e", event.id]] })]);
  expect(await prune("5:60")).toBe(1);
  expect((await store.commit([event])).fates).toEqual([{ kind: "deleted" }]);
});
