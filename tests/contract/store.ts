/** What every store must do; each platform runs it on its own database. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { newestFirst } from "../../nostr/event.ts";
import type { Query, Store, View } from "../../store/store.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import { aFilter, anEvent, PUBKEYS, pick, seeded } from "../reference/generators.ts";
import { inOrder, matches, survivors, type WireFilter } from "../reference/matcher.ts";
import { describeCounting } from "./count.ts";
import { ask, note, queryOf, TIMEOUT } from "./queries.ts";
import { describeLongEvents, describeManyEvents } from "./reading-cost.ts";
import { describeSearching } from "./search.ts";

export type StoreSetup = () => Promise<{ store: Store; teardown(): Promise<void> }>;

/** `filters`: how many generated filters to try. */
export function storeContract(name: string, setup: StoreSetup, { filters }: { filters: number }): void {
  describe(`store on ${name}`, () => {
    let store: Store;
    let teardown: () => Promise<void>;

    beforeEach(async () => {
      ({ store, teardown } = await setup());
    });
    afterEach(() => teardown());

    describeWriting(() => store);
    describeVanishing(() => store);
    describeReading(() => store);
    describeRecords(() => store);
    describeLongEvents(() => store);
    describeManyEvents(() => store);
    describeDifference(() => store, filters);
    describeSearching(() => store, filters / 10);
    describeCounting(() => store);
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

  it("keeps versions of different authors and kinds apart", async () => {
    const kept = [note(1, { kind: 0 }), note(2, { kind: 0, pubkey: PUBKEYS[1]! }), note(3, { kind: 3 })];
    await store().commit(kept);
    expect(await idsOf({})).toHaveLength(3);
  });

  async function idsOf(filter: WireFilter): Promise<string[]> {
    return (await ask(store(), [queryOf(filter, 100)]))[0]!.events.map(({ id }) => id);
  }
}

function describeVanishing(store: () => Store): void {
  const [ann = "", bob = ""] = PUBKEYS;
  const named = [["p", ann]];
  const vanish = (created_at: number) =>
    note(created_at, { kind: 62, pubkey: ann, tags: [["relay", "ALL_RELAYS"]] });

  it(
    "[25] whoever vanishes is kept out from the commit on, and removed apart from it, however much there is",
    async () => {
      const own = Array.from({ length: 1100 }, (_, n) => note(n >> 3, { pubkey: ann }));
      const wraps = Array.from({ length: 1100 }, (_, n) =>
        note(n >> 3, { kind: n % 2 === 0 ? 1059 : 1, pubkey: bob, tags: named }),
      );
      const later = [note(201, { pubkey: ann }), note(201, { kind: 1059, pubkey: bob, tags: named })];
      for (const events of [own, wraps, later]) await store().commit(events);
      const wish = vanish(200);
      const { fates } = await store().commit([note(1, { pubkey: bob }), wish]);
      expect(fates.map(({ kind }) => kind)).toEqual(["stored", "stored"]);
      // What is removed with the commit, all others in it wait for.
      expect((await store().log(0, 5000)).events).toHaveLength(2204);
      expect(await store().vanishing()).toEqual([ann]);
      const again = [note(200, { pubkey: ann }), note(200, { kind: 1059, pubkey: bob, tags: named })];
      expect((await store().commit(again)).fates).toEqual([{ kind: "deleted" }, { kind: "deleted" }]);

      await store().removeVanished(ann);
      const left = (await store().log(0, 5000)).events.map(({ id }) => id);
      const kept = [...wraps.filter(({ kind }) => kind === 1), ...later].map(({ id }) => id);
      expect(left.slice(0, -2)).toEqual(kept);
      expect([left.length, left.at(-1)]).toEqual([kept.length + 2, wish.id]);
      expect(await store().vanishing()).toEqual([]);
    },
    TIMEOUT,
  );

  it("[25] of two requests the newer one counts, and who never asked loses nothing", async () => {
    const events = [note(10, { pubkey: ann }), note(20, { pubkey: ann }), note(10, { pubkey: bob })];
    await store().commit(events);
    await store().commit([vanish(15)]);
    await store().commit([vanish(5)]);
    await store().removeVanished(bob);
    await store().removeVanished(ann);
    const ids = (await store().log(0, 10)).events.map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual([events[1]!.id, events[2]!.id]);
    expect(ids).toHaveLength(4);
  });
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
    expect(await store().read([queryOf({}, 10)])).toMatchObject({
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

function describeRecords(store: () => Store): void {
  it("[36] records are what a read would find, sorted, and nothing when they are too many", async () => {
    const random = seeded(36);
    const events = survivors(Array.from({ length: 400 }, () => anEvent(random)));
    await store().commit(events);
    for (let tried = 0; tried < 80; tried += 1) {
      const { limit, ...filter } = aFilter(random, events);
      const found = events.filter((event) => matches(filter, event)).slice(0, limit);
      const wire = { ...filter, ...(limit !== undefined && { limit }) };
      expect(await recordsOf(wire), JSON.stringify(wire)).toEqual(
        found.map(({ created_at, id }) => created_at.toString(16).padStart(16, "0") + id).toSorted(),
      );
      const tooFew = await recordsOf(wire, found.length - 1);
      expect([tooFew, await recordsOf(wire, found.length)]).toEqual([
        found.length > 0 ? undefined : [],
        expect.objectContaining({ length: found.length }),
      ]);
    }
  });

  it("[36] records are those that the reader may see", async () => {
    const [writer = "", other = "", receiver = ""] = PUBKEYS;
    const [dm, wrap] = [4, 1059].map((kind) => note(kind, { kind, pubkey: writer, tags: [["p", receiver]] }));
    const expiring = note(5000, { tags: [["expiration", "100"]] });
    await store().commit([dm!, wrap!, expiring]);
    const times = async (view: View) =>
      (await recordsOf({}, 10, view))?.map((record) => Number.parseInt(record.slice(0, 16), 16));
    expect(await times({ keys: [], now: 99 })).toEqual([5000]);
    expect(await times({ keys: [], now: 100 })).toEqual([]);
    expect(await times({ keys: [other], now: 100 })).toEqual([]);
    expect(await times({ keys: [writer], now: 100 })).toEqual([4]);
    expect(await times({ keys: [other, receiver], now: 100 })).toEqual([4, 1059]);
  });

  it("[36] records of many authors are found however many are wanted", async () => {
    const events = Array.from({ length: 30 }, (_, n) => note(n, { pubkey: PUBKEYS[n % 3]! }));
    await store().commit(events);
    for (const most of [30, 5001, 100_000]) {
      expect(await recordsOf({ authors: PUBKEYS.slice(0, 2) }, most)).toHaveLength(20);
      expect(await recordsOf({ kinds: [1, 7] }, most)).toHaveLength(30);
    }
  });

  /** In hex. */
  async function recordsOf(filter: WireFilter, most = 10_000, view = STRANGERS_VIEW) {
    const { records } = await store().records(queryOf(filter, 0).filter, view, most);
    return records && (bytesToHex(records).match(/.{80}/g) ?? []);
  }
}

/** Generated events, stored in any order and any batches, asked for with generated filters, against the reference. */
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
