import { expect, test } from "vitest";
import { Rate } from "./rate.ts";

test("counts whole seconds, and forgets those that are a minute old", () => {
  const rate = new Rate();
  for (let second = 100; second < 110; second += 1) {
    for (let number = 0; number < second - 90; number += 1) rate.add(1000 * second + number);
  }
  // The last second is not over yet.
  expect(rate.perSecond(109_900)).toBe((14 + 15 + 16 + 17 + 18) / 5);
  expect(rate.history(110_000).slice(-11)).toEqual([0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  expect(rate.perSecond(115_000)).toBe(0);
  expect(rate.history(169_000)[0]).toBe(0);
  expect(rate.history(10_000_000).every((count) => count === 0)).toBe(true);
});

test("begins with nothing, whenever it begins", () => {
  const rate = new Rate();
  expect(rate.perSecond(5_000_000)).toBe(0);
  rate.add(5_000_000);
  expect(rate.perSecond(5_001_000)).toBe(0.2);
});
