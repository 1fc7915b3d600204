import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../tests/fixtures/seed.ts";
import { type ChoiceRules, chooseRelays, gainOf, REDUNDANCY } from "./choice.ts";

const NO_RULES: ChoiceRules = {
  most: Infinity,
  mostAuthors: Infinity,
  current: new Set(),
  excluded: new Set(),
  whole: new Set(),
};
const RELAYS = ["a", "b", "c", "d", "e", "f", "g"].map((name) => `wss://${name}.example`);

const aGraph = fc
  .array(fc.subarray(RELAYS, { maxLength: 4 }), { maxLength: 12 })
  .map((lists) => new Map(lists.map((urls, at) => [`author ${at}`, urls])));

/** What some relays are worth, from the definition: each author on them counts for the first and for the second. */
function worth(graph: ReadonlyMap<string, readonly string[]>, relays: readonly string[]): number {
  return [...graph.values()].reduce((sum, urls) => {
    const on = urls.filter((url) => relays.includes(url)).length;
    return sum + Array.from({ length: on }, (_, n) => gainOf(n)).reduce((total, one) => total + one, 0);
  }, 0);
}

function subsets(items: readonly string[], most: number): string[][] {
  return items.reduce<string[][]>(
    (all, item) => [...all, ...all.filter(({ length }) => length < most).map((some) => [...some, item])],
    [[]],
  );
}

describe("the chosen relays", () => {
  it("are worth nearly as much as the best ones", () => {
    fc.assert(
      fc.property(aGraph, fc.integer({ min: 0, max: 4 }), (graph, most) => {
        const { chosen } = chooseRelays(graph, { ...NO_RULES, most });
        expect(chosen.size).toBeLessThanOrEqual(most);
        const best = Math.max(...subsets(RELAYS, most).map((relays) => worth(graph, relays)));
        // Choosing the best next one never falls below this share of the best choice.
        expect(worth(graph, [...chosen.keys()])).toBeGreaterThanOrEqual((1 - 1 / Math.E) * best);
      }),
    );
  });

  it("are enough for every author, if there may be so many, and none is superfluous", () => {
    fc.assert(
      fc.property(aGraph, fc.subarray(RELAYS), (graph, out) => {
        const excluded = new Set(out);
        const whole = new Set(out.slice(0, 2));
        const { chosen, placed } = chooseRelays(graph, { ...NO_RULES, excluded, whole });
        for (const [author, urls] of graph) {
          const pulled = urls.filter((url) => whole.has(url)).length;
          const others = urls.filter((url) => !excluded.has(url)).length;
          const on = [...chosen].filter(([, authors]) => authors.includes(author)).map(([url]) => url);
          expect(on.length).toBe(Math.min(others, Math.max(0, REDUNDANCY - pulled)));
          expect(placed.get(author)).toBe(pulled + on.length);
          expect(urls).toEqual(expect.arrayContaining(on));
        }
        for (const [url, authors] of chosen) {
          expect(excluded.has(url)).toBe(false);
          expect(authors.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it("are the same again, and those in use come first", () => {
    fc.assert(
      fc.property(aGraph, (graph) => {
        const { chosen } = chooseRelays(graph, { ...NO_RULES, most: 3 });
        const current = new Set(chosen.keys());
        const again = chooseRelays(new Map([...graph].toReversed()), { ...NO_RULES, most: 3, current });
        expect([...again.chosen.keys()].sort()).toEqual([...chosen.keys()].sort());
      }),
    );
    const [a = "", b = ""] = RELAYS;
    const either = new Map([["author", [a, b]]]);
    const choose = (used: string[]) => [
      ...chooseRelays(either, { ...NO_RULES, most: 1, current: new Set(used) }).chosen.keys(),
    ];
    expect([choose([]), choose([b]), choose([a])]).toEqual([[a], [b], [a]]);
  });

  it("have so many authors at most, those first who are on no other", () => {
    const [a = "", b = ""] = RELAYS;
    const graph = new Map([
      ["one", [a, b]],
      ["two", [a]],
      ["three", [a, b]],
      ["four", [b]],
      ["five", [b]],
    ]);
    const { chosen } = chooseRelays(graph, { ...NO_RULES, mostAuthors: 3 });
    expect([...chosen.values()].every(({ length }) => length <= 3)).toBe(true);
    expect(new Set([...chosen.values()].flat()).size).toBe(5);
  });
});
