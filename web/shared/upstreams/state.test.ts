import { expect, it } from "vitest";
import type { FilterStatus } from "../management/answers.ts";
import { coverageOfAll, percentOf } from "./state.ts";

function filter(held: number, here: number): FilterStatus {
  const coverage = { method: "nip77" as const, at: 0, held, here, days: [] };
  return { filter: {}, gaps: [], gapCount: 0, lost: [], lostCount: 0, coverage };
}

it("100 % is only said of all", () => {
  expect(percentOf({ held: 100_000, here: 99_999 })).toBe("99.9 %");
  expect(percentOf({ held: 0, here: 0 })).toBe("100 %");
});

it("the coverage of several filters is that of all their events, and unknown if one is", () => {
  expect(coverageOfAll([filter(10, 10), filter(30, 10)])).toBe("50 %");
  const { coverage: _, ...unknown } = filter(1, 1);
  expect(coverageOfAll([filter(10, 10), unknown])).toBeUndefined();
});
