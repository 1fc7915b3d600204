/** The contract of every store. Each platform runs it on its own database. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { newestFirst } from "../../nostr/event.ts";
import type { Query, Store } from "../../store/store.ts";
import type { Counts } from "../../telemetry/counts.ts";
import { readAll } from "../fixtures/read-all.ts";
import { aFilter, anEvent, PUBKEYS, pick, seeded } from "../reference/generators.ts";
import { inOrder, matches, survivors, type WireFilter } from "../reference/matcher.ts";
import { describeAddresses } from "./addresses.ts";
import { describeCounting } from "./count.ts";
import { ask, note, queryOf, TIMEOUT } from "./queries.ts";
import { describeCrowdedSeconds, describeLongEvents, describeManyEvents } from "./reading-cost.ts";
import { describeRemoval } from "./removal.ts";
import { describeRecords } from "./records.ts";
import { describeSearching } from "./search.ts";
import { describeStrangers } from "./strangers.ts";

export interface ContractStore {
  store: Store;
  /** What the database was asked. Empty if it does not count that. */
  counts: Counts;
  teardown(): Promise<void>;
}

export type StoreSetup = () => Promise<ContractStore>;

/** Defines the tests. `filters` is the number of generated filters to try. */
export function storeContract(name: string, setup: StoreSetup, { filters }: { filters: number }): void {
  describe(`store on ${name}`, () => {
    let store: Store;
    let counts: Counts;
    let teardown: () => Promise<void>;

    beforeEach(async () => {
      ({ store, counts, teardown } = await setup());
    });
    afterEach(() => teardown());

    describeWriting(() => store);
    describeRemoval(() => store);
    describeReading(() => store);
    describeRecords(() => store);
    describeLongEvents(() => store);
    describeCrowdedSeconds(() => store);
    describeManyEvents(
      () => store,
      () => counts,
    );
    describeDifference(() => store, filters);
    describeAddresses(() => store, filters / 5);
    describeSearching(() => store, filters / 10);
    describeCounting(() => store);
    describeStrangers(() => store);
  });
}

function describeWriting(store: () => Store): void {
  it("gives every stored event a place in the log, in order of arrival", async () => {
    const [a, b, c] = [note(1), note(2), note(3)];
    const first = await store().commit([b, a]);
    const second = await store().commit([c]);
    expect(first.fates.map(({ kind }) => kind)).toEqual(["stored", "stored"]);
    expect(second.prev).toBe(first.last);
    const { events, head } = await store().log(0, 10);
    expect(events.map(({ id }) => id)).toEqual([b.id, a.id, c.id]);
    expect(head).toBe(second.last);
    expect((await store().log(first.last, 10)).events.map(({ id }) => id)).toEqual([c.id]);
  });

  it("knows the newest event that anybody may see", async () => {
    expect(await store().newestPublic()).toBeUndefined();
    const [first, last] = [note(5), note(1)];
    await store().commit([first]);
    const { last: seq } = await store().commit([last]);
    await store().commit([{ ...note(9), kind: 1059 }]);
    expect(await store().newestPublic()).toEqual({ seq, id: last.id });
  });

  it("knows a duplicate, in the same commit and in a later one", async () => {
    const event = note(1);
    expect((await store().commit([event, event])).fates.map(({ kind }) => kind)).toEqual([
      "stored",
      "duplicate",
    ]);
    const again = await store().commit([event]);
    expect(again.fates).toEqual([{ kind: "duplicate" }]);
    expect(again.last).toBe(again.prev);
    expect(await store().known([event.id, "0".repeat(64)])).toEqual(new Set([event.id]));
  });

  it("[5] [6] keeps the newest version; at the same second the lowest id; whatever comes first", async () => {
    for (const kind of [0, 10_002, 30_023]) {
      const versions = [10, 20, 20, 20, 15].map((created_at, n) =>
        note(created_at, { kind, content: `${kind} ${n}` }),
      );
      const [best] = versions.toSorted(newestFirst);
      for (const version of versions) await store().commit([version]);
      expect(await idsOf({ kinds: [kind] })).toEqual([best!.id]);
      const late = await store().commit(versions);
      expect(late.fates.map(({ kind: fate }) => fate).toSorted()).toEqual([
        "duplicate",
        ...Array(4).fill("superseded"),
      ]);
    }
  });

  it("[23] a version that its author has deleted replaces nothing", async () => {
    const [old, young] = [note(10, { kind: 0 }), note(20, { kind: 0 })];
    await store().commit([old]);
    await store().commit([note(15, { kind: 5, tags: [["e", young.id]] })]);
    expect((await store().commit([young])).fates).toEqual([{ kind: "deleted" }]);
    expect(await idsOf({ kinds: [0] })).toEqual([old.id]);
  });

  it("[5] a replaced event moves to the end of the log", async () => {
    const [old, other, young] = [note(10, { kind: 0 }), note(11), note(12, { kind: 0 })];
    await store().commit([old, other]);
    const { prev, last } = await store().commit([young]);
    const { events } = await store().log(0, 10);
    expect(events.map(({ id }) => id)).toEqual([other.id, young.id]);
    expect(prev).toBeLessThan(last);
  });

  it("[5] the first d tag tells addressable events apart, and none is the same as an empty one", async () => {
    const tagged = (created_at: number, ...tags: string[][]) => note(created_at, { kind: 30_000, tags });
    const kept = [tagged(9, ["d", "x"], ["d", "y"]), tagged(5, ["d", "y"]), tagged(7, ["d", ""])];
    await store().commit([tagged(8, ["d", "x"]), tagged(6), tagged(4, ["d"]), ...kept]);
    expect(await idsOf({ kinds: [30_000] })).toEqual(inOrder(kept).map(({ id }) => id));
  });

  it.each([0, 30_023])(
    "[29] no older version of kind %i comes back when the newest has expired",
    async (kind) => {
      const version = (created_at: number, ...tags: string[][]) =>
        note(created_at, {
          kind,
          tags: [["d", "\u0000東"], ...tags],
          content: `${created_at} ${tags.length}`,
        });
      const [old, other] = [version(10), note(10, { kind, pubkey: PUBKEYS[1]! })];
      const ties = ["a", "b", "c"]
        .map((t) => version(20, ["expiration", "100"], ["t", t]))
        .toSorted(newestFirst);
      const [lower, newest, higher] = ties as [Event, Event, Event];
      await store().commit([old, other]);
      await store().commit([newest]);
      expect(await store().removeExpired(100, 10)).toMatchObject({ removed: 1, more: false });
      expect(await idsOf({ kinds: [kind] })).toEqual([other.id]);
      const superseded = { kind: "superseded" };
      expect((await store().commit([old, higher, newest])).fates).toEqual([
        superseded,
        superseded,
        superseded,
      ]);
      expect(await idsOf({ kinds: [kind] })).toEqual([other.id]);
      // In the same second, the version with the lower id is the newer one.
      expect((await store().commit([lower])).fates).toMatchObject([{ kind: "stored" }]);
      const young = version(30, ["expiration", "200"]);
      expect((await store().commit([young])).fates).toMatchObject([{ kind: "stored" }]);
      await store().removeExpired(200, 10);
      expect((await store().commit([lower, version(29)])).fates).toEqual([superseded, superseded]);
      const last = version(31);
      expect((await store().commit([last])).fates).toMatchObject([{ kind: "stored" }]);
      expect(await idsOf({ kinds: [kind] })).toEqual([last.id, other.id]);
    },
  );

  it("keeps versions of different authors and kinds apart", async () => {
    const kept = [note(1, { kind: 0 }), note(2, { kind: 0, pubkey: PUBKEYS[1]! }), note(3, { kind: 3 })];
    await store().commit(kept);
    expect(await idsOf({})).toHaveLength(3);
  });

  async function idsOf(filter: WireFilter): Promise<string[]> {
    return (await ask(store(), [queryOf(filter, 100)]))[0]!.events.map(({ id }) => id);
  }
}

function describeReading(store: () => Store): void {
  it("returns each event as it was stored, whatever is in it", async () => {
    const strange = note(5, {
      content: 'nul \u0000 quote " back \\ tab \t \u2028 \u0001 日本語 🦤',
      tags: [["t", "\u0000"], ["t", '"'], ["e"], [""], ["long", "x".repeat(5000)], ["t", ""]],
    });
    await store().commit([strange]);
    for (const filter of [{ "#t": ["\u0000"] }, { "#t": [""] }, { "#t": ['"'] }, {}]) {
      const [answer] = await ask(store(), [queryOf(filter, 10)]);
      expect(answer!.events.map(({ json }) => JSON.parse(json))).toEqual([strange]);
    }
  });

  it("reads an empty store", async () => {
    expect(await readAll(store(), [queryOf({}, 10)])).toMatchObject({
      head: 0,
      answers: [{ events: [], more: false }],
    });
    expect(await store().log(0, 10)).toEqual({ head: 0, events: [] });
  });

  it("[19] says when there is more than the limit, and only then", async () => {
    await store().commit([note(1), note(2), note(3)]);
    const more = await Promise.all(
      [0, 2, 3, 4].map(async (limit) => (await ask(store(), [queryOf({}, limit)]))[0]!),
    );
    expect(more.map((answer) => [answer.events.length, answer.more])).toEqual([
      [0, true],
      [2, true],
      [3, false],
      [3, false],
    ]);
  });

  it("takes lists of 5,000", async () => {
    const events = Array.from({ length: 30 }, (_, n) => note(n));
    await store().commit(events);
    const many = Array.from({ length: 5000 }, (_, n) => n.toString(16).padStart(64, "0"));
    const lists: WireFilter[] = [
      { authors: [...many, PUBKEYS[0]!] },
      { ids: [...many, ...events.map(({ id }) => id)] },
      { "#e": many },
    ];
    const answers = await ask(
      store(),
      lists.map((filter) => queryOf(filter, 100)),
    );
    expect(answers.map((answer) => answer.events.length)).toEqual([30, 30, 0]);
  });

  it("finds a keyword in content character by character", async () => {
    const events = ["a\nb", "a\\nb", 'say "hi"', "日本語", "nul\u0000x", "100%", "Nostr"].map((content, n) =>
      note(n, { content }),
    );
    await store().commit(events);
    const found = async (keyword: string) => {
      const [answer] = await ask(store(), [{ ...queryOf({}, 10), keyword }]);
      return answer!.events.map(({ json }) => (JSON.parse(json) as Event).content);
    };
    expect(await found("n")).toEqual(["nul\u0000x", "a\\nb"]);
    expect(await found("\n")).toEqual(["a\nb"]);
    expect(await found('"')).toEqual(['say "hi"']);
    expect(await found("本")).toEqual(["日本語"]);
    expect(await found("\u0000x")).toEqual(["nul\u0000x"]);
    expect(await found("%")).toEqual(["100%"]);
    expect(await found("nope")).toEqual([]);
  });

  it("walks with a cursor over every event exactly once, in both orders, through ties", async () => {
    const random = seeded(7);
    const events = survivors(Array.from({ length: 60 }, () => anEvent(random)));
    await store().commit(events);
    for (const order of ["desc", "asc"] as const) {
      for (const filter of [{}, { authors: PUBKEYS.slice(0, 3) }, { kinds: [1, 7] }, { "#t": ["nostr"] }]) {
        const expected = events.filter((event) => matches(filter, event)).map(({ id }) => id);
        const seen: string[] = [];
        for (let more = true, after: Query["after"]; more;) {
          const query: Query = { ...queryOf(filter, 3), order, ...(after && { after }) };
          const [answer] = await ask(store(), [query]);
          seen.push(...answer!.events.map(({ id }) => id));
          after = answer!.events.at(-1);
          more = answer!.more;
        }
        expect(seen).toEqual(order === "desc" ? expected : expected.toReversed());
      }
    }
  });
}

/** Compares the store with the reference: generated events in any order and batches, and generated filters. */
function describeDifference(store: () => Store, filters: number): void {
  it(
    `answers ${filters} generated filters as the reference does, in exact order`,
    async () => {
      const random = seeded(20_261_123);
      const events = Array.from({ length: 1500 }, () => anEvent(random)).filter(
        ({ kind }) => kind < 20_000 || kind >= 30_000,
      );
      const arriving = events.toSorted(() => random() - 0.5);
      while (arriving.length > 0) await store().commit(arriving.splice(0, 1 + Math.floor(random() * 200)));
      const expected = survivors(events);
      expect((await store().log(0, 5000)).events).toHaveLength(expected.length);
      for (let tried = 0; tried < filters;) {
        const request = Array.from({ length: 1 + Math.floor(random() * 4) }, () => aFilter(random, events));
        const order = pick(random, ["desc", "desc", "asc"] as const);
        const limits = request.map(({ limit }) => limit ?? 50);
        const answers = await ask(
          store(),
          request.map((filter, at) => ({ ...queryOf(filter, limits[at]!), order })),
        );
        request.forEach((filter, at) => {
          const all = expected.filter((event) => matches(filter, event));
          if (order === "asc") all.reverse();
          const limit = limits[at]!;
          const shown = answers[at]!.events.map(({ json }) => JSON.parse(json));
          expect(shown, JSON.stringify(filter)).toEqual(all.slice(0, limit));
          expect(answers[at]!.more, JSON.stringify(filter)).toBe(all.length > limit);
        });
        tried += request.length;
      }
    },
    TIMEOUT,
  );
}
