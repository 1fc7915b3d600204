import { expect, it } from "vitest";
import { createStore } from "../../store/sql/sql-store.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { aPuller, anEvent, UPSTREAM } from "../../tests/fixtures/puller.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { fetchLists, readLists } from "./lists.ts";

const NOW = 1_700_000_100;
const ofKind = (kind: number, tags: string[][] = []) => signedEvent({ kind, tags });

it("reads long lists of the own store too", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const long = ofKind(
    3,
    Array.from({ length: 2000 }, (_, n) => ["p", n.toString(16).padStart(64, "0")]),
  );
  await store.commit([long, ofKind(10_002), ofKind(1)]);
  const read = (kind: number, authors: string[]) => readLists(store, { kind, authors }, NOW);
  expect(await read(3, [long.pubkey, "f".repeat(64)])).toEqual([long]);
  expect(await read(3, ["f".repeat(64)])).toEqual([]);
  db.close();
});

it("queues the lists that an upstream has, and nothing that it was not asked for", async () => {
  const lists = [ofKind(3), ofKind(10_002)];
  const other = { ...anEvent(NOW), kind: 3 };
  const upstream = fakeUpstream(lists);
  const { ask } = upstream;
  upstream.ask = async (question) => {
    const answer = await ask(question);
    return { ...answer, events: [...answer.events, other, signedEvent({ kind: 1 })] };
  };
  const { deps, queued, metrics } = aPuller(upstream);
  const authors = [lists[0]!.pubkey];
  const questions = [3, 10_002].map((kind) => ({ kind, authors }));
  expect(await fetchLists(UPSTREAM, questions, deps)).toBe(2);
  expect(queued()).toEqual(lists.map(({ id }) => id));
  expect(upstream.asked).toEqual([3, 10_002].map((kind) => ({ kinds: [kind], authors, limit: 1 })));
  expect(upstream.closed).toBe(1);
  expect([metrics.total("relay_connect_counts"), metrics.total("cleanup_counts")]).toEqual([1, 1]);
});

it("an upstream that fails is closed, and what came before is queued", async () => {
  const lists = [ofKind(3), ofKind(10_002)];
  const upstream = fakeUpstream(lists, { failAt: 2 });
  const { deps, queued } = aPuller(upstream);
  const questions = [3, 10_002].map((kind) => ({ kind, authors: [lists[0]!.pubkey] }));
  await expect(fetchLists(UPSTREAM, questions, deps)).rejects.toThrow(`no lists from ${UPSTREAM}: `);
  expect([queued(), upstream.closed]).toEqual([[lists[0]!.id], 1]);
});
