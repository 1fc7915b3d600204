import { expect, test } from "vitest";
import { exactTime, relativeTime } from "./relative-time.ts";

const NOW = 1_800_000_000;

test.each([
  [0, "just now"],
  [9, "just now"],
  [-9, "just now"],
  [59, "59 s ago"],
  [60, "1 min ago"],
  [3599, "59 min ago"],
  [3600, "1 h ago"],
  [86_399, "23 h ago"],
  [86_400, "1 day ago"],
  [29 * 86_400, "29 days ago"],
  [-3600, "in 1 h"],
  [31 * 86_400, "15 Dec 2026"],
])("%i seconds ago is %s", (ago, text) => {
  expect(relativeTime(NOW - ago, NOW)).toBe(text);
});

test("the first second and times beyond every calendar have a text", () => {
  expect(relativeTime(0, NOW)).toBe("1 Jan 1970");
  expect(relativeTime(Number.MAX_SAFE_INTEGER, NOW)).toBe("after the year 275760");
  expect(exactTime(NOW)).toBe("2027-01-15T08:00:00Z");
});
