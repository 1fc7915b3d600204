/** The part of the contract in tests/contract/store.ts that is about search (NIP-50). */
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { anyMatcher, parseFilter } from "../../nostr/filter.ts";
import type { Query, Store } from "../../store/store.ts";
import { readAll } from "../fixtures/read-all.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import { aFilter, anEvent, PUBKEYS, seeded } from "../reference/generators.ts";
import { matches, survivors, type WireFilter } from "../reference/matcher.ts";
import { aSearch, aText, isFoundBy } from "../reference/search.ts";
import { note } from "./queries.ts";
import { noPause } from "../fixtures/no-pause.ts";

export function describeSearching(store: () => Store, searches: number): void {
  async function read(wire: WireFilter, fields: Partial<Query> = {}) {
    const parsed = parseFilter(wire);
    if (!parsed.ok) throw new Error(parsed.reason);
    const query = { filter: parsed.filter, view: STRANGERS_VIEW, limit: 100, ...fields };
    const [answer] = (await readAll(store(), [query])).answers;
    return answer!;
  }
  const contents = async (wire: WireFilter, fields: Partial<Query> = {}) =>
    (await read(wire, fields)).events.map(({ json }) => (JSON.parse(json) as Event).content);

  describe("[35] search", () => {
    it("gives the best matches first, then applies the limit, and says when there is more", async () => {
      const texts = [
        "one cat among many other animals here",
        "cat cat cat",
        "cat and dog",
        "no such animal",
        "dog",
      ];
      await store().commit(texts.map((content, n) => note(10 - n, { content })));
      const best = ["cat cat cat", "cat and dog", "one cat among many other animals here"];
      expect(await contents({ search: "cat" })).toEqual(best);
      for (const [limit, more] of [
        [0, true],
        [1, true],
        [2, true],
        [3, false],
      ] as const) {
        const answer = await read({ search: "cat" }, { limit });
        expect([answer.events.length, answer.more]).toEqual([limit, more]);
        expect(await contents({ search: "cat" }, { limit })).toEqual(best.slice(0, limit));
      }
    });

    it("gives the newest first of those that match equally well", async () => {
      const events = [3, 1, 2, 2].map((created_at) => note(created_at, { content: `same ${created_at}` }));
      await store().commit(events);
      const { events: found } = await read({ search: "same" });
      const expected = survivors(events).map(({ id }) => id);
      expect(found.map(({ id }) => id)).toEqual(expected);
    });

    it("finds in every script, from one character on", async () => {
      const texts = [
        "東京都の天気",
        "我会说中文",
        "한국어를 배워요",
        "สวัสดีครับ",
        "مَرْحَبًا بكم",
        "Ça va, 🦤?",
        "ｶﾞｲﾄﾞ",
      ];
      await store().commit(texts.map((content, n) => note(n, { content })));
      const words = ["京", "中文", "국어", "ครับ", "مرحبا", "🦤", "ガイド"];
      for (const [n, search] of words.entries()) expect(await contents({ search })).toEqual([texts[n]]);
      for (const search of ["都京", "文中", "va ça"])
        expect(await contents({ search }), search).toEqual(search === "va ça" ? [texts[5]] : []);
    });

    it("takes what means something to the database as text", async () => {
      await store().commit([note(1, { content: "alpha beta" }), note(2, { content: "gamma NOT near" })]);
      const fits = {
        '"alpha"': 1,
        "alpha*": 1,
        "alp*": 0,
        "^alpha": 1,
        "-alpha": 1,
        "text: alpha": 0,
        "alpha OR gamma": 0,
      };
      const others = {
        "gamma NOT": 1,
        "alpha NOT gamma": 0,
        "NEAR(alpha beta)": 0,
        "alpha + beta": 1,
        "{alpha} beta": 1,
      };
      const strange = {
        '" OR "': 0,
        '""': 0,
        "'": 0,
        "\\": 0,
        "*": 0,
        "(": 0,
        "alpha\u0000beta": 1,
        "') --": 0,
        "�": 0,
      };
      for (const [search, count] of Object.entries({ ...fits, ...others, ...strange })) {
        expect(await contents({ search }), search).toHaveLength(count);
      }
      expect(await contents({ search: "alpha ".repeat(42) })).toEqual(["alpha beta"]);
    });

    it("goes with every other condition", async () => {
      const tags = [["t", "x"]];
      const wanted = note(5, { content: "word wanted", tags, pubkey: PUBKEYS[2]! });
      const others = [1, 2, 3, 4].map((created_at) => note(created_at, { content: "word", kind: 30_023 }));
      await store().commit([wanted, ...others]);
      const { id, pubkey } = wanted;
      const conditions: WireFilter[] = [
        { kinds: [1] },
        { authors: [pubkey] },
        { "#t": ["x"] },
        { since: 5 },
        { ids: [id] },
      ];
      for (const condition of conditions) {
        expect(await contents({ ...condition, search: "word" })).toEqual(["word wanted"]);
        expect(await contents({ ...condition, search: "wrong" })).toEqual([]);
      }
      expect(await contents({ kinds: [30_023], until: 4, search: "wanted" })).toEqual([]);
      expect(await contents({ search: "word" }, { keyword: "d w" })).toEqual(["word wanted"]);
      expect(await contents({ search: "word", kinds: [] })).toEqual([]);
    });

    it("restricts nothing with nothing but extensions, and ignores them beside text", async () => {
      await store().commit([note(1, { content: "a" }), note(2, { content: "b" })]);
      expect(await contents({ search: "language:en" })).toEqual(["b", "a"]);
      expect(await contents({ search: "" })).toEqual(["b", "a"]);
      expect(await contents({ search: "language:en a" })).toEqual(["a"]);
      expect(await contents({ search: "!?" })).toEqual([]);
    });

    it("finds no message between people, not even for them", async () => {
      const tags = [["p", PUBKEYS[1]!]];
      await store().commit([4, 1059].map((kind) => note(1, { kind, tags, content: "secret" })));
      const view = { keys: [PUBKEYS[0]!, PUBKEYS[1]!], now: 0 };
      expect((await read({}, { view })).events).toHaveLength(2);
      expect(await contents({ search: "secret" }, { view })).toEqual([]);
    });

    it("finds nothing that is gone: replaced, deleted, vanished, expired", async () => {
      const deleted = note(1, { content: "gone deleted" });
      const expired = note(1, { content: "gone expired", tags: [["expiration", "50"]] });
      const vanished = note(1, { content: "gone vanished", pubkey: PUBKEYS[3]! });
      await store().commit([note(1, { kind: 0, content: "gone replaced" }), deleted, expired, vanished]);
      expect(await contents({ search: "gone" })).toHaveLength(4);
      await store().commit([note(2, { kind: 0, content: "new" })]);
      await store().commit([note(2, { kind: 5, tags: [["e", deleted.id]] })]);
      await store().commit([note(2, { kind: 62, tags: [["relay", "ALL_RELAYS"]], pubkey: PUBKEYS[3]! })]);
      await store().removeVanished(PUBKEYS[3]!, noPause);
      expect(await contents({ search: "gone" })).toEqual(["gone expired"]);
      expect(await contents({ search: "gone" }, { view: { keys: [], now: 50 } })).toEqual([]);
      expect(await store().removeExpired(50, 10)).toMatchObject({ removed: 1 });
      expect(await contents({ search: "gone" })).toEqual([]);
      expect(await contents({ search: "new" })).toEqual(["new"]);
    });

    it("finds an event once that came twice, and none that came too late", async () => {
      const twice = note(1, { content: "twice" });
      await store().commit([twice, twice]);
      await store().commit([twice]);
      await store().commit([note(9, { kind: 0, content: "young" })]);
      await store().commit([note(8, { kind: 0, content: "old twice" })]);
      expect(await contents({ search: "twice" })).toEqual(["twice"]);
    });

    it(`finds what the reference finds, and what goes out live, for ${searches} generated filters`, async () => {
      const random = seeded(20_261_125);
      const events = Array.from({ length: 600 }, () => anEvent(random))
        .filter(({ kind }) => (kind < 20_000 || kind >= 30_000) && kind !== 5)
        .map((event) => ({ ...event, content: aText(random, Math.floor(random() * 8)) }));
      const arriving = events.toSorted(() => random() - 0.5);
      while (arriving.length > 0) await store().commit(arriving.splice(0, 1 + Math.floor(random() * 100)));
      const kept = survivors(events);
      let found = 0;
      for (let n = 0; n < searches; n += 1) {
        const { limit = 50, ...rest } = random() < 0.5 ? {} : aFilter(random, events);
        const wire = { ...rest, search: aSearch(random) };
        const expected = kept.filter((event) => matches(rest, event) && isFoundBy(wire.search, event));
        const parsed = parseFilter(wire);
        const live = parsed.ok ? kept.filter(anyMatcher([parsed.filter])) : [];
        const all = await read(wire, { limit: 1000 });
        const shown = all.events.map(({ json }) => JSON.parse(json) as Event);
        expect(survivors(shown), JSON.stringify(wire)).toEqual(expected);
        expect(live, JSON.stringify(wire)).toEqual(expected);
        const bounded = await read(wire, { limit });
        expect(bounded, JSON.stringify(wire)).toEqual({
          events: all.events.slice(0, limit),
          more: expected.length > limit,
        });
        found += expected.length;
      }
      expect(found).toBeGreaterThan(searches * 4);
    });
  });
}
