import * as fc from "fast-check";
import { expect, it } from "vitest";
import { TermIndex } from "./term-index.ts";

/** Generates texts of a few terms, so that phrases begin at many places and end at few. */
const terms = (size: fc.SizeForArbitrary, maxLength: number) =>
  fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength, size });

it("[35] finds a phrase where the text holds it, and nowhere else", () => {
  let found = 0;
  fc.assert(
    fc.property(terms("max", 60), terms("small", 5), (text, phrase) => {
      const expected = ` ${text.join(" ")} `.includes(` ${phrase.join(" ")} `);
      expect(new TermIndex(text.join(" ")).has(phrase)).toBe(expected);
      if (expected) found += 1;
    }),
    { numRuns: 2000 },
  );
  expect(found).toBeGreaterThan(300);
});

it("[35] finds every phrase of a text in it, and the text itself", () => {
  fc.assert(
    fc.property(terms("max", 200), fc.nat(), fc.nat(), (text, from, length) => {
      const index = new TermIndex(text.join(" "));
      const start = from % text.length;
      expect(index.has(text.slice(start, start + 1 + (length % text.length)))).toBe(true);
      expect(index.has(text)).toBe(true);
      expect(index.has([...text, "a"])).toBe(false);
    }),
  );
});

it("[35] takes a few steps for each term of the text, however phrase and text are repeated", () => {
  fc.assert(
    fc.property(
      terms("small", 8),
      terms("small", 3),
      fc.integer({ min: 1, max: 120 }),
      (text, end, times) => {
        const repeated = Array.from({ length: Math.ceil(50_000 / text.length) }, () => text).flat();
        const phrase = [
          ...Array.from({ length: times }, () => text)
            .flat()
            .slice(0, 250),
          ...end,
        ];
        const index = new TermIndex(repeated.join(" "));
        index.has(phrase);
        expect(index.lookUps).toBe(phrase.length);
        expect(index.comparisons).toBeLessThanOrEqual(2 * repeated.length);
      },
    ),
  );
});

it("[35] looks at a term that occurs once in one place", () => {
  const index = new TermIndex(["rare", ...Array.from({ length: 10_000 }, () => "common")].join(" "));
  expect(index.has(["rare", "common", "common"])).toBe(true);
  expect(index.has(["common", "rare"])).toBe(false);
  expect(index.has(["common", "missing"])).toBe(false);
  expect(index.comparisons).toBeLessThan(10);
});

it("[35] an empty text holds no term", () => {
  expect(new TermIndex("").has(["a"])).toBe(false);
});
