import { expect, test } from "vitest";
import { stacked } from "./stack.ts";

const LISTS = [
  [1, 2, null],
  [10, null, null],
  [100, 200, 300],
];

test("each bar stands on those before it, and nothing is not 0", () => {
  expect(stacked(LISTS, () => false)).toEqual([
    [1, 2, null],
    [11, 2, null],
    [111, 202, 300],
  ]);
});

test("a hidden list adds nothing", () => {
  expect(stacked(LISTS, (at) => at === 0)).toEqual([
    [null, null, null],
    [10, null, null],
    [110, 200, 300],
  ]);
});
