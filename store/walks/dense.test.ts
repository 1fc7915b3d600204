import { expect, it } from "vitest";
import { Dense } from "./dense.ts";
import type { Part } from "./plan.ts";

const AUTHORS = Array.from({ length: 40 }, (_, n) => `${n}`);
const byAuthor = { by: "author" } as const;

function partOf(authors: string[], kinds?: number[]): Part {
  return { filter: { authors, tags: [], ...(kinds && { kinds }) }, isPrivate: false, now: 0 };
}

it("tries a list that was not dense again, after a hundred reads", () => {
  const dense = new Dense();
  const part = partOf(AUTHORS);
  expect(dense.isWorthATry(part, byAuthor)).toBe(true);
  dense.learn(part, byAuthor, false);
  const tries = Array.from({ length: 101 }, () => dense.isWorthATry(part, byAuthor));
  expect(tries.indexOf(true)).toBe(100);
});

it("tells lists apart by length and by a few kinds, and keeps no long list of kinds", () => {
  const dense = new Dense();
  const kinds = (from: number, length: number) => Array.from({ length }, (_, n) => from + n);
  dense.learn(partOf(AUTHORS, [1]), byAuthor, false);
  dense.learn(partOf(AUTHORS, kinds(1, 5000)), byAuthor, false);
  const isTried = (authors: string[], list: number[]) => dense.isWorthATry(partOf(authors, list), byAuthor);
  expect(isTried(AUTHORS.slice(1), [1])).toBe(false);
  expect(isTried(AUTHORS.slice(0, 5), [1])).toBe(true);
  expect(isTried(AUTHORS, [7])).toBe(true);
  expect(isTried(AUTHORS, kinds(9000, 5000))).toBe(false);
});

it("is not for private events", () => {
  expect(new Dense().isWorthATry({ ...partOf(AUTHORS), isPrivate: true }, byAuthor)).toBe(false);
});
