import { afterEach, beforeEach, expect, it } from "vitest";
import { type Event, eventId } from "../../nostr/event.ts";
import { note, queryOf } from "../../tests/contract/queries.ts";
import {
  type Failure as Failing,
  failingDatabase,
  TRANSIENT,
} from "../../tests/fixtures/failing-database.ts";
import { noPause } from "../../tests/fixtures/no-pause.ts";
import { readAll } from "../../tests/fixtures/read-all.ts";
import { severalSqlites, shardedStore } from "../../tests/fixtures/shards.ts";
import { createShard, type Shard } from "./shard.ts";
import { createShardLog } from "./shard-log.ts";
import { retryingDatabase } from "../database/retrying-database.ts";
import { createShardedStore } from "./sharded-store.ts";
import type { Database } from "../database/database.ts";
import type { ReadResult, Store } from "../store.ts";

/** The author of shard n of 4. */
const author = (n: number) => `${n.toString(16).padStart(8, "0")}${"a".repeat(56)}`;
const [ANN, BOB, EVE] = [author(0), author(1), author(2)];

let databases: ReturnType<typeof severalSqlites>;
let store: Store;
let shards: Shard[];
/** Whether the next call of a database fails. */
let next: (shard: number, sql: string[]) => Failing;
beforeEach(() => {
  next = () => undefined;
  databases = severalSqlites(4);
  ({ store, shards } = shardedStore(databases.map((db, at) => failingDatabase(db, (sql) => next(at, sql)))));
});
afterEach(() => databases.forEach((db) => db.close()));

const isCommit = (sql: string[]) => sql.some((one) => one.includes("INSERT INTO event "));
const idsIn = async (from: Pick<Store, "log">) => (await from.log(0, 1000)).events.map(({ id }) => id);
const wrap = (draft: Partial<Event> = {}) => {
  const event = note(10, { kind: 1059, pubkey: EVE, tags: [["p", ANN]], ...draft });
  return { ...event, id: eventId({ ...event, content: event.id }) };
};
const deletion = (named: { id: string }[], pubkey = ANN) =>
  note(20, { kind: 5, pubkey, tags: named.map(({ id }) => ["e", id]) });
const vanish = note(30, { kind: 62, pubkey: ANN, tags: [["relay", "ALL_RELAYS"]] });

it("each author has one database, and a filter with authors asks no other", async () => {
  const events = [note(1, { pubkey: ANN }), note(2, { pubkey: BOB }), note(3, { pubkey: author(5) })];
  await store.commit(events);
  expect(await Promise.all(shards.map((shard) => idsIn(shard)))).toEqual([
    [events[0]!.id],
    [events[1]!.id, events[2]!.id],
    [],
    [],
  ]);
  const asked = new Set<number>();
  next = (at) => void asked.add(at);
  const { answers } = await readAll(store, [queryOf({ authors: [BOB, author(5)] }, 10)]);
  expect(answers[0]!.events).toHaveLength(2);
  // The first one has the log.
  expect(asked).toEqual(new Set([0, 1]));
});

it("if one database fails, only its events are not stored", async () => {
  const events = [note(1, { pubkey: ANN }), note(2, { pubkey: BOB }), note(3, { pubkey: EVE })];
  next = (at, sql) => (at === 1 && isCommit(sql) ? "before" : undefined);
  const { fates, prev, last } = await store.commit(events);
  expect(fates).toMatchObject([
    { kind: "stored", seq: 1 },
    { kind: "failed", error: { message: TRANSIENT } },
    { kind: "stored", seq: 3 },
  ]);
  expect([prev, last]).toEqual([0, 3]);
  expect(await idsIn(store)).toEqual([events[0]!.id, events[2]!.id]);
  next = () => undefined;
  expect((await store.commit(events)).fates).toMatchObject([
    { kind: "duplicate" },
    { kind: "stored" },
    { kind: "duplicate" },
  ]);
});

it("if only the answer of one database is lost, its events are found", async () => {
  const events = [note(1, { pubkey: ANN }), note(2, { pubkey: BOB })];
  next = (at, sql) => (at === 1 && isCommit(sql) ? "after" : undefined);
  expect((await store.commit(events)).fates).toEqual([
    { kind: "stored", seq: 1 },
    { kind: "stored", seq: 2 },
  ]);
});

it("while a database is down, nobody is told that anything is stored, and then everything is found", async () => {
  const events = [note(1, { pubkey: ANN }), note(2, { pubkey: BOB })];
  await store.commit([note(0, { pubkey: EVE })]);
  next = (at) => (at === 1 ? "before" : undefined);
  await expect(store.commit(events)).rejects.toThrow(TRANSIENT);
  await expect(store.commit([note(3, { pubkey: ANN })])).rejects.toThrow(TRANSIENT);
  next = () => undefined;
  const { fates, last } = await store.commit(events);
  expect(fates.map(({ kind }) => kind)).toEqual(["duplicate", "stored"]);
  expect((await store.log(0, 10)).head).toBe(last);
});

it("a commit of events that are known takes no position, so no hub looks for what is missing", async () => {
  const event = note(1, { pubkey: BOB });
  const { last } = await store.commit([event]);
  expect(await store.commit([event])).toMatchObject({ prev: last, last, fates: [{ kind: "duplicate" }] });
  expect((await store.commit([note(2)])).prev).toBe(last);
});

it("[23] a recipient deletes gift wraps wherever they are, and keeps them out", async () => {
  const wraps = [wrap(), wrap({ pubkey: BOB }), wrap({ tags: [["p", BOB]] })];
  const late = wrap();
  await store.commit(wraps);
  expect(await store.commit([deletion([...wraps, late])])).toMatchObject({ unfinished: [] });
  expect((await idsIn(store)).slice(0, -1)).toEqual([wraps[2]!.id]);
  expect((await store.commit([...wraps, late])).fates.map(({ kind }) => kind)).toEqual([
    "deleted",
    "deleted",
    "duplicate",
    "deleted",
  ]);
  expect(await store.unfinishedDeletions()).toEqual([]);
});

it("[23] many deletions of one commit take no more trips than one", async () => {
  const wraps = Array.from({ length: 40 }, () =>
    wrap({
      tags: [
        ["p", ANN],
        ["p", BOB],
      ],
    }),
  );
  await store.commit(wraps);
  let calls = 0;
  next = () => void (calls += 1);
  await store.commit([deletion(wraps.slice(0, 1))]);
  const ofOne = calls;
  calls = 0;
  const requests = wraps.slice(1).map((one, n) => deletion([one], n % 2 === 0 ? ANN : BOB));
  await store.commit(requests);
  expect(await idsIn(store)).toHaveLength(40);
  expect(calls - ofOne).toBeLessThan(10);
});

it("[23] a gift wrap in the same commit as its deletion is deleted", async () => {
  const one = wrap();
  const request = deletion([one]);
  await store.commit([one, request]);
  expect(await idsIn(store)).toEqual([request.id]);
});

it("[23] nobody but its recipients deletes a gift wrap", async () => {
  const one = wrap();
  await store.commit([one]);
  await store.commit([deletion([one], BOB)]);
  expect(await idsIn(store)).toContain(one.id);
});

it("[23] a deletion that names many gift wraps is carried out apart from its commit, in all databases", async () => {
  const wraps = Array.from({ length: 150 }, () => wrap());
  await store.commit(wraps);
  const request = deletion(wraps);
  expect(await store.commit([request])).toMatchObject({ unfinished: [request.id] });
  expect(await idsIn(store)).toHaveLength(151);
  await store.finishDeletion(request.id, noPause);
  expect(await idsIn(store)).toEqual([request.id]);
  expect(await store.unfinishedDeletions()).toEqual([]);
  expect((await store.commit([wraps[7]!])).fates).toEqual([{ kind: "deleted" }]);
});

it.each(["before", "after"] as const)(
  "[23] a deletion that could not be carried out everywhere (%s) is unfinished, and the minute job finishes it",
  async (failure) => {
    const [one, request] = [wrap(), deletion([wrap()])];
    request.tags.push(["e", one.id]);
    await store.commit([one]);
    next = (at, sql) =>
      at === 2 && sql.some((each) => each.includes("INSERT INTO tombstone")) ? failure : undefined;
    await expect(store.commit([request])).rejects.toThrow(TRANSIENT);
    next = () => undefined;
    expect(await store.unfinishedDeletions()).toEqual([request.id]);
    await store.finishDeletion(request.id, noPause);
    expect(await store.unfinishedDeletions()).toEqual([]);
    expect(await idsIn(store)).toEqual([request.id]);
  },
);

it("[25] who vanishes loses gift wraps everywhere", async () => {
  const [old, later] = [wrap({ created_at: 30 }), wrap({ created_at: 31 })];
  await store.commit([old, later]);
  expect(await store.commit([vanish])).toMatchObject({ fates: [{ kind: "stored" }] });
  await expectVanished(later);
});

it("[25] a request to vanish that could not be carried out everywhere is finished by the minute job", async () => {
  const [old, later] = [wrap({ created_at: 30 }), wrap({ created_at: 31 })];
  await store.commit([old, later]);
  next = (at, sql) =>
    at === 2 && sql.some((each) => each.includes("INSERT INTO vanishing")) ? "before" : undefined;
  await expect(store.commit([vanish])).rejects.toThrow(TRANSIENT);
  next = () => undefined;
  for (const id of await store.unfinishedDeletions()) await store.finishDeletion(id, noPause);
  await expectVanished(later);
});

async function expectVanished(later: Event): Promise<void> {
  expect((await store.commit([wrap({ created_at: 29 })])).fates).toEqual([{ kind: "deleted" }]);
  expect(await store.vanishing()).toEqual([ANN]);
  await store.removeVanished(ANN, noPause);
  expect(await idsIn(store)).toEqual([later.id, vanish.id]);
  expect(await store.vanishing()).toEqual([]);
}

it("a read leaves out what was stored after the log ended, and finds older events instead", async () => {
  const events = Array.from({ length: 12 }, (_, n) => note(n, { pubkey: author(n % 4) }));
  await store.commit(events);
  const log = { ...createShardLog(databases[0]!), head: async () => 8 };
  const behind = createShardedStore({ shards, log, pause: noPause, token: () => "" });
  const { answers, head } = await readAll(behind, [queryOf({}, 5), queryOf({ authors: [author(3)] }, 1)]);
  expect(head).toBe(8);
  expect(answers.map((answer) => answer.events.map(({ seq }) => seq))).toEqual([[8, 7, 6, 5, 4], [8]]);
  expect((await behind.log(0, 100)).events).toHaveLength(8);
});

it.each(["desc", "asc"] as const)(
  "a read that is stopped (%s) has everything up to the second it says",
  async (order) => {
    // More in some databases than in others.
    const events = Array.from({ length: 4000 }, (_, n) =>
      note(n >> 1, { pubkey: author(n % 10 < 6 ? 0 : n % 4) }),
    );
    while (events.length > 0) await store.commit(events.splice(-400));
    const query = { ...queryOf({ kinds: [1] }, 5000), order };
    const whole = (await readAll(store, [query])).answers[0]!.events;
    const work = store.read([query]);
    await work.next();
    const { done, value } = await work.next(0);
    expect(done).toBe(true);
    const [answer] = (value as ReadResult).answers;
    const reached = answer!.unfinished!.reached!;
    const isCertain = ({ created_at }: { created_at: number }) =>
      order === "asc" ? created_at < reached : created_at > reached;
    expect(answer!.events.length).toBeGreaterThan(0);
    expect(answer!.events.map(({ id }) => id)).toEqual(whole.filter(isCertain).map(({ id }) => id));
  },
);

it("a database that was restored alone does not give positions twice", async () => {
  await store.commit([note(1, { pubkey: BOB }), note(2, { pubkey: BOB })]);
  databases[0]!.exec("DELETE FROM sqlite_sequence");
  const { store: restarted } = shardedStore(databases);
  const { fates, prev } = await restarted.commit([note(3, { pubkey: BOB })]);
  expect(fates).toMatchObject([{ kind: "stored" }]);
  expect(prev).toBeGreaterThan(1_000_000_000);
});

it("a position that is taken is an error, not a duplicate", async () => {
  const shard = createShard(databases[3] as Database);
  await shard.commit([note(1)], { isPulled: false, positions: [1] });
  await expect(shard.commit([note(2)], { isPulled: false, positions: [1] })).rejects.toThrow(/UNIQUE/);
});

it("positions whose release was repeated are not claimed: others may have them", async () => {
  const db = failingDatabase(databases[0]!, (sql) => next(0, sql));
  const retrying = retryingDatabase(db, {
    random: () => 0,
    now: () => 0,
    pause: noPause,
    retried: () => undefined,
  });
  const log = createShardLog(retrying);
  const reservation = await log.reserve("one", 5, 0);
  const failures: Failing[] = ["after"];
  next = () => failures.shift();
  expect(await log.release(reservation, 2)).toEqual({ head: 2, last: 2 });
  expect(await log.reserve("two", 1, 0)).toEqual({ token: "two", prev: 2, last: 3 });
});
