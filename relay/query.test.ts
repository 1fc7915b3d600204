import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Event } from "../nostr/event.ts";
import { type Filter, parseFilter } from "../nostr/filter.ts";
import { createStore } from "../store/sql/sql-store.ts";
import type { FoundEvent, Store, StoredEvent } from "../store/store.ts";
import { anEvent, seeded } from "../tests/reference/generators.ts";
import { inOrder } from "../tests/reference/matcher.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { STRANGERS_VIEW } from "../tests/fixtures/strangers.ts";
import { HELD_BYTES } from "../store/walks/read.ts";
import { finish } from "../store/work.ts";
import { answerFilters, boundedLimit, readLog } from "./query.ts";

let db: ReturnType<typeof migratedSqlite>;
let store: Store;
beforeEach(() => {
  db = migratedSqlite();
  store = createStore(db);
});
afterEach(() => db.close());

const LIMITS = { DEFAULT_LIMIT: 5, MAX_LIMIT: 10, EOSE_HINTS: "on" } as const;

function filterOf(value: unknown): Filter {
  const parsed = parseFilter(value);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.filter;
}

async function answer(...wires: unknown[]) {
  const ids: string[] = [];
  const send = (events: StoredEvent[]) => void ids.push(...events.map(({ id }) => id));
  const { result } = await finish(
    answerFilters(store, { filters: wires.map(filterOf), view: STRANGERS_VIEW }, LIMITS, send),
  );
  return { ids, ...result };
}

function notes(count: number, fields: Partial<Event> = {}): Event[] {
  const note = anEvent(seeded(count));
  return Array.from({ length: count }, (_, n) => ({
    ...note,
    kind: 1,
    created_at: 100 + (n >> 1),
    ...fields,
    id: (n * 7919).toString(16).padStart(8, "0").repeat(8),
  }));
}

it.each([
  [undefined, 5],
  [0, 0],
  [7, 7],
  [10, 10],
  [11, 10],
  [Number.MAX_SAFE_INTEGER, 10],
])("[14] a limit of %s is one of %i", (asked, bounded) => {
  expect(boundedLimit(asked, LIMITS)).toBe(bounded);
});

describe("[14] the stored answer", () => {
  it("is newest first with ties by lowest id, bounded for each filter, each event once", async () => {
    const events = notes(20);
    await store.commit(events);
    const order = inOrder(events).map(({ id }) => id);
    expect((await answer({ limit: 8 })).ids).toEqual(order.slice(0, 8));
    const oldest = order.at(-1);
    expect((await answer({ limit: 3 }, { limit: 8 }, { ids: [oldest] })).ids).toEqual([
      ...order.slice(0, 8),
      oldest,
    ]);
    expect((await answer({ limit: 1000 }, {})).ids).toEqual(order.slice(0, 10));
  });

  it("to limit 0 is empty", async () => {
    await store.commit(notes(2));
    expect(await answer({ limit: 0 })).toMatchObject({ ids: [], more: true });
  });

  it("to limit 0 looks at no event, if no hint needs it", async () => {
    await store.commit(notes(2));
    const read = vi.spyOn(store, "read");
    const asked = {
      filters: [filterOf({ limit: 0 }), filterOf({ limit: 0, kinds: [1] })],
      view: STRANGERS_VIEW,
    };
    const { result } = await finish(
      answerFilters(store, asked, { ...LIMITS, EOSE_HINTS: "off" }, () => undefined),
    );
    expect(read.mock.calls).toEqual([[[]]]);
    expect(result).toEqual({ more: false, head: 2 });
  });

  it("[12] to an empty list is empty, and complete", async () => {
    await store.commit(notes(2));
    expect(await answer({ ids: [] })).toMatchObject({ ids: [], more: false, head: 2 });
  });
});

it("an answer that waits for its next turn holds few bytes of what it has not sent, and says what that costs", async () => {
  const [found, size] = [1000, 8000];
  const events = Array.from({ length: found }, (_, n) => ({
    seq: found - n,
    id: `${n}`,
    created_at: found - n,
    size,
    json: n % 2 === 0 ? undefined : "{}",
  }));
  const store = {
    async *read() {
      yield { looked: found, charge: found };
      return { head: found, answers: [{ events, more: false }] };
    },
    load: async (group: FoundEvent[]) => group.map((event) => ({ ...event, json: "{}" })),
  };
  const sent: string[] = [];
  const work = answerFilters(store, { filters: [filterOf({})], view: STRANGERS_VIEW }, LIMITS, (group) => {
    sent.push(...group.map(({ id }) => id));
  });
  const costs: [number | undefined, number | undefined][] = [];
  await work.next();
  for (let step = await work.next(); !step.done; step = await work.next()) {
    costs.push([step.value.bytes, step.value.next?.bytes]);
    const held = events.filter(({ json }) => json !== undefined);
    expect(held.length * size).toBeLessThanOrEqual(HELD_BYTES);
  }
  // The first group of a megabyte had every second event. The next has 32, which is all that may be held.
  expect(costs[0]).toEqual([504_000, 744_000]);
  expect(costs).toHaveLength(8);
  expect(costs.at(-1)?.[1]).toBe(0);

  expect(sent).toEqual(events.map(({ id }) => id));
});

it("[19] there is more when any filter has more than it was answered with", async () => {
  await store.commit(notes(6));
  expect(await answer({})).toMatchObject({ more: true });
  expect(await answer({ limit: 6 })).toMatchObject({ more: false });
  expect(await answer({ limit: 6 }, { limit: 1 })).toMatchObject({ more: true });
  expect(await answer({ kinds: [7] })).toMatchObject({ ids: [], more: false });
});

it("[15] all filters are answered from one snapshot", async () => {
  await store.commit(notes(20));
  const [newest, late] = [notes(1)[0]!, notes(22)[21]!];
  const sent: string[] = [];
  const work = answerFilters(
    store,
    { filters: [filterOf({ limit: 3 }), filterOf({})], view: STRANGERS_VIEW },
    LIMITS,
    (events) => void sent.push(...events.map(({ id }) => id)),
  );
  await work.next();
  await store.commit([late]);
  const { result } = await finish(work);
  expect(result).toMatchObject({ head: 20, more: true });
  expect(sent).not.toContain(late.id);
  expect(sent).not.toContain(newest.id);
});

it("[35] once a filter searches, the answer is in the filters' order, each in its own, each event once", async () => {
  const contents = ["cat cat", "dog", "a cat and a dog", "dog dog"];
  const events = notes(4).map((event, n) => ({ ...event, content: contents[n] ?? "" }));
  await store.commit(events);
  const [cats, dog, both, dogs] = events.map(({ id }) => id);
  expect((await answer({ search: "cat" })).ids).toEqual([cats, both]);
  expect((await answer({ search: "dog" })).ids).toEqual([dogs, dog, both]);
  expect((await answer({ search: "dog" }, { search: "cat" })).ids).toEqual([dogs, dog, both, cats]);
  expect((await answer({ limit: 2 }, { search: "cat" })).ids).toEqual([both, dogs, cats]);
  expect(await answer({ search: "dog", limit: 1 }, { search: "cat", limit: 1 })).toMatchObject({
    ids: [dogs, cats],
    more: true,
  });
});

describe("reading the log", () => {
  async function pages(after: number) {
    const all: { ids: string[]; coveredTo: number }[] = [];
    for await (const { events, coveredTo } of readLog(store, after))
      all.push({ ids: events.map(({ id }) => id), coveredTo });
    return all;
  }

  it("goes through all of it once, in order, in pages that say how far they reach", async () => {
    const events = notes(450);
    await store.commit(events);
    const read = await pages(0);
    expect(read.flatMap(({ ids }) => ids)).toEqual(events.map(({ id }) => id));
    expect(read.map(({ coveredTo }) => coveredTo)).toEqual([200, 400, 450]);
    expect((await pages(440)).flatMap(({ ids }) => ids)).toEqual(events.slice(440).map(({ id }) => id));
  });

  it("ends with the last event, also when its page is exactly full", async () => {
    await store.commit(notes(200));
    expect((await pages(0)).map(({ ids, coveredTo }) => [ids.length, coveredTo])).toEqual([[200, 200]]);
  });

  it("goes on after a page that is short because its events are long", async () => {
    const events = notes(3, { tags: [["long", "x".repeat(9_000_000)]] });
    await store.commit(events);
    expect((await pages(0)).map(({ ids, coveredTo }) => [ids, coveredTo])).toEqual(
      events.map(({ id }, n) => [[id], n + 1]),
    );
  });

  it("of an empty store, or beyond its end, reaches no further than where it began", async () => {
    expect(await pages(0)).toEqual([{ ids: [], coveredTo: 0 }]);
    expect(await pages(9)).toEqual([{ ids: [], coveredTo: 9 }]);
  });
});
