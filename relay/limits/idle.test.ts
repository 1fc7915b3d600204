import { expect, it } from "vitest";
import { IDLE_SECONDS, isIdle, nextLook } from "./idle.ts";

const NOW = 1_700_000_000;
const quiet = (heard: number, pinged?: number) => ({
  heardAt: NOW - heard,
  pingedAt: pinged === undefined ? undefined : NOW - pinged,
});

it.each([
  ["said something", quiet(0), false],
  ["said something just within the time", quiet(IDLE_SECONDS - 1), false],
  ["said nothing for the whole time", quiet(IDLE_SECONDS), true],
  ["said nothing, and sent ping", quiet(IDLE_SECONDS * 9, 30), false],
  ["sent its last ping long ago", quiet(IDLE_SECONDS * 9, IDLE_SECONDS), true],
  ["said something after its last ping", quiet(30, IDLE_SECONDS * 9), false],
])("a connection that %s", (_, connection, expected) => {
  expect(isIdle(connection, NOW)).toBe(expected);
});

it("the next look is when the first of them can be idle, and never soon after this one", () => {
  expect(nextLook([], NOW)).toBeUndefined();
  expect(nextLook([quiet(0), quiet(100)], NOW)).toBe(NOW + IDLE_SECONDS - 100);
  expect(nextLook([quiet(IDLE_SECONDS - 1), quiet(0)], NOW)).toBe(NOW + 300);
});
