import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Candidate } from "../../nostr/candidate.ts";
import type { Event } from "../../nostr/event.ts";
import { type Filter, parseFilter } from "../../nostr/filter.ts";
import { aFilter, anEvent, pick, seeded } from "../../tests/reference/generators.ts";
import { matches, type WireFilter } from "../../tests/reference/matcher.ts";
import { eventKeys, keysOf, SubscriptionIndex } from "./subscription-index.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];

/** Runs a search to its end without a pause. */
function all<Found>(matching: Generator<number, Found>): Found {
  for (;;) {
    const { done, value } = matching.next();
    if (done) return value;
  }
}

function filterOf(value: unknown): Filter {
  const parsed = parseFilter(value);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.filter;
}

function keysIn(filter: unknown): string[] {
  const keys = keysOf([filterOf(filter)]).flatMap(({ condition, values }) =>
    values.map((value) => condition + value),
  );
  return [...new Set(keys)];
}

/** The seed decides which subscriptions come and go. After each step the index must agree with the reference. */
it("[17] finds for each event the subscriptions that the reference finds, while they come and go", () => {
  let found = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seeded(seed);
      const events = Array.from({ length: 15 }, () => anEvent(random));
      const inUse = new Set<string>();
      const index = new SubscriptionIndex<number>((condition, value, isInUse) => {
        const key = condition + value;
        expect(inUse.has(key)).toBe(!isInUse);
        if (isInUse) inUse.add(key);
        else inUse.delete(key);
      });
      const open = new Map<number, WireFilter[]>();
      for (let step = 0; step < 30; step += 1) {
        if (open.size > 0 && random() < 0.3) {
          const gone = pick(random, [...open.keys()]);
          index.remove(gone);
          open.delete(gone);
        } else {
          const filters = Array.from({ length: 1 + Math.floor(random() * 4) }, () => aFilter(random, events));
          index.add(step, filters.map(filterOf));
          open.set(step, filters);
        }
        const event = pick(random, events);
        const expected = [...open].filter(([, filters]) => filters.some((filter) => matches(filter, event)));
        expect(all(index.matching(new Candidate(event)))).toEqual(new Set(expected.map(([id]) => id)));
        expect(index.concerns(event)).toBe(eventKeys(event).some((key) => inUse.has(key)));
        found += expected.length;
      }
      const needed = [...open.values()].flat().flatMap((filter) => keysIn(filter));
      expect(inUse).toEqual(new Set(needed));
      expect([...index.keys()].toSorted()).toEqual([...inUse].toSorted());
      for (const id of open.keys()) index.remove(id);
      expect([index.isEmpty, index.size, [...index.keys()], inUse.size]).toEqual([true, 0, [], 0]);
    }),
  );
  expect(found).toBeGreaterThan(1000);
});

it("[17] an event has every key that a filter which matches it can be filed under", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seeded(seed);
      const event = anEvent(random);
      const keys = new Set(eventKeys(event));
      for (let n = 0; n < 50; n += 1) {
        const wire = aFilter(random, [event]);
        const filed = keysIn(wire).some((key) => keys.has(key));
        expect(filed || !matches(wire, event), JSON.stringify(wire)).toBe(true);
      }
    }),
  );
});

describe("the work of finding who wants an event", () => {
  /** Returns the look-ups of a search without a pause, and who is charged for them. */
  function stepsOf(index: SubscriptionIndex<number>, event: Event) {
    const charged = new Map<number, number>();
    const matching = index.matching(new Candidate(event), {
      charge: (of, steps) => void charged.set(of, (charged.get(of) ?? 0) + steps),
    });
    const found = all(matching);
    return { found, charged, total: [...charged.values()].reduce((sum, steps) => sum + steps, 0) };
  }

  const letters = Array.from({ length: 25 }, (_, n) => String.fromCharCode(65 + n));
  const manyTags = letters.flatMap((name) => Array.from({ length: 192 }, (_, n) => [name, `v${n}`]));
  const event: Event = { ...anEvent(seeded(1)), tags: manyTags };

  it("does not grow with the tags of the event: two look-ups for each condition with one value", () => {
    const index = new SubscriptionIndex<number>();
    const conditions = letters.map((name) => [`#${name}`, [name === "Y" ? "none" : "v191"]]);
    for (let n = 0; n < 700; n += 1) index.add(n, [filterOf(Object.fromEntries(conditions))]);
    const { found, total } = stepsOf(index, event);
    expect(found.size).toBe(0);
    expect(total).toBeLessThanOrEqual(700 * 50);
  });

  it("is that of the fewer values, the event's or the filter's", () => {
    const many = Array.from({ length: 5000 }, (_, n) => `none${n}`);
    for (const tags of [manyTags, manyTags.filter(([, value]) => value === "v0")]) {
      const index = new SubscriptionIndex<number>();
      index.add(1, [filterOf({ "#A": ["v0"], "#B": many, "#C": ["v0"] })]);
      const { total } = stepsOf(index, { ...event, tags });
      expect(total).toBeLessThan(tags.length / 25 + 10);
    }
  });

  it("tests a filter once, under however many values of the event it is filed", () => {
    const index = new SubscriptionIndex<number>();
    const values = Array.from({ length: 192 }, (_, n) => `v${n}`);
    index.add(1, [filterOf({ "#A": values, "#B": [...values, "x"], "#z": [...values, "x", "y"] })]);
    expect(stepsOf(index, event).total).toBeLessThan(2 * 192);
  });

  it("is bounded for a search by the length of its words, and is nothing when there is no such word", () => {
    const index = new SubscriptionIndex<number>();
    for (let n = 0; n < 100; n += 1) index.add(n, [filterOf({ search: "a b c d e f g h i missing" })]);
    const content = "a b c d e f g h i ".repeat(5000);
    const { total, found } = stepsOf(index, { ...event, kind: 1, content });
    expect(found.size).toBe(0);
    expect(total).toBeLessThanOrEqual(100 * 11);
  });

  it("is charged to the subscription whose filter it was", () => {
    const index = new SubscriptionIndex<number>();
    index.add(1, [filterOf({ kinds: [event.kind], "#z": ["x"] })]);
    index.add(2, [filterOf({ kinds: [event.kind], search: "a b c d e" })]);
    index.add(3, [filterOf({ kinds: [event.kind + 1], search: "a" })]);
    const { charged } = stepsOf(index, { ...event, content: "a b c d e" });
    expect([...charged.keys()]).toEqual([2]);
  });
});

describe("a filter is filed under its most selective condition", () => {
  it.each([
    [{ ids: [A, A], authors: [B] }, 1],
    [{ authors: [A, B], "#t": ["x"] }, 1],
    [{ authors: [A], "#t": ["x", "y"] }, 1],
    [{ "#t": ["x", "y"], "#e": [A], kinds: [1] }, 1],
    [{ kinds: [1, 7], since: 5 }, 2],
    [{ since: 5 }, 1],
    [{ limit: 0 }, 1],
  ])("%j: %i", (wire, keys) => {
    expect(keysIn(wire)).toHaveLength(keys);
  });

  it("and keys of different conditions never collide", () => {
    const wires = [
      { ids: [A] },
      { authors: [A] },
      { "#a": [A] },
      { "#i": [A] },
      { "#A": [A] },
      { kinds: [1] },
      { "#k": ["1"] },
      {},
    ];
    const keys = wires.flatMap((wire) => keysIn(wire));
    expect(new Set(keys).size).toBe(wires.length);
  });
});

it.each(["ids", "authors", "kinds", "#t"])("[12] an empty %s is filed nowhere", (field) => {
  expect(keysIn({ "#e": [A], [field]: [] })).toEqual([]);
});

it("[8] only indexable tags make keys", () => {
  const bare: Event = { ...anEvent(seeded(1)), tags: [] };
  const tags = [["t"], ["title", "x"], ["", "x"], ["-"]];
  expect(eventKeys({ ...bare, tags })).toEqual(eventKeys(bare));
  expect(eventKeys({ ...bare, tags: [["t", ""]] }).length).toBe(eventKeys(bare).length + 1);
});

describe("the size of an index", () => {
  const sizeOf = (...wires: unknown[]) => {
    const index = new SubscriptionIndex<number>();
    for (const [n, wire] of wires.entries()) index.add(n, [filterOf(wire)]);
    return index.size;
  };
  const authors = Array.from({ length: 100 }, (_, n) => n.toString(16).padStart(64, "0"));

  it("is that of a text once, however many filters are filed under it", () => {
    const [one, two, three] = [[{}], [{}, {}], [{}, {}, {}]].map((all) =>
      sizeOf(...all.map(() => ({ authors, kinds: [1] }))),
    );
    expect(three! - two!).toBe(two! - one!);
    expect(two! - one!).toBeLessThan(one! / 2);
  });

  it("grows with every text and filter that is kept, filed or not", () => {
    const long = "x".repeat(1_000_000);
    for (const wire of [{ "#t": [long] }, { "#t": ["x"], "#r": ["x", long] }, { "#t": [long], "#r": [] }]) {
      expect(sizeOf(wire)).toBeGreaterThan(2_000_000);
    }
    expect(sizeOf({ ids: authors, authors: [...authors] })).toBeGreaterThan(
      sizeOf({ ids: authors }) + 100 * 64,
    );
    expect(sizeOf({}, {})).toBeGreaterThan(1.5 * sizeOf({}));
  });
});

it("filters that share texts still say what they said", () => {
  const index = new SubscriptionIndex<string>();
  const wire = { authors: [A, B], kinds: [1], "#t": ["x", "y", "x"] };
  const filters = [filterOf(wire), filterOf(wire), filterOf({ "#t": ["y"] })];
  for (const [n, filter] of filters.entries()) index.add(String(n), [filter]);
  expect(filters).toEqual([filterOf(wire), filterOf(wire), filterOf({ "#t": ["y"] })]);
});

it("removing what is not there changes nothing", () => {
  const index = new SubscriptionIndex<string>();
  index.add("a", [filterOf({ kinds: [1] })]);
  index.remove("b");
  expect([...index.keys()]).toHaveLength(1);
});
