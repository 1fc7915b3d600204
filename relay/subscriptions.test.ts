import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../nostr/event.ts";
import { type Filter, parseFilter } from "../nostr/filter.ts";
import { aFilter, anEvent, pick, seeded } from "../tests/reference/generators.ts";
import { matches, type WireFilter } from "../tests/reference/matcher.ts";
import { eventKeys, filterKeys, SubscriptionIndex } from "./subscriptions.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];

function filterOf(value: unknown): Filter {
  const parsed = parseFilter(value);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.filter;
}

/** Subscriptions come and go as drawn from the seed; after each step the index agrees with the reference. */
it("[17] finds for each event the subscriptions that the reference finds, while they come and go", () => {
  let found = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seeded(seed);
      const events = Array.from({ length: 15 }, () => anEvent(random));
      const inUse = new Set<string>();
      const index = new SubscriptionIndex<number>((key, isInUse) => {
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
        expect(index.matching(event)).toEqual(new Set(expected.map(([id]) => id)));
        expect(index.concerns(event)).toBe(eventKeys(event).some((key) => inUse.has(key)));
        found += expected.length;
      }
      const needed = [...open.values()].flat().flatMap((filter) => filterKeys(filterOf(filter)));
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
        const filed = filterKeys(filterOf(wire)).some((key) => keys.has(key));
        expect(filed || !matches(wire, event), JSON.stringify(wire)).toBe(true);
      }
    }),
  );
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
    expect(filterKeys(filterOf(wire))).toHaveLength(keys);
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
    const keys = wires.flatMap((wire) => filterKeys(filterOf(wire)));
    expect(new Set(keys).size).toBe(wires.length);
  });
});

it.each(["ids", "authors", "kinds", "#t"])("[12] an empty %s is filed nowhere", (field) => {
  expect(filterKeys(filterOf({ "#e": [A], [field]: [] }))).toEqual([]);
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
