import { expect, it } from "vitest";
import { firstCharacters, isLongerThan, printable } from "./characters.ts";

it.each([
  ["", 0, false],
  ["a", 0, true],
  ["abc", 3, false],
  ["abcd", 3, true],
  ["😀😀😀", 3, false],
  ["😀😀😀😀", 3, true],
  ["a😀b", 3, false],
  ["😀abcd", 4, true],
  ["\ud800\ud800\ud800", 3, false],
])("[9] %j is longer than %i characters: %s", (text, characters, is) => {
  expect(isLongerThan(text, characters)).toBe(is);
});

it("the first characters hold no half of one", () => {
  expect(firstCharacters("ab😀cd", 3)).toBe("ab😀");
  expect(firstCharacters("😀😀", 3)).toBe("😀😀");
  expect(firstCharacters("abcdef", 3)).toBe("abc");
});

it("what is printable has no control characters, no marks of direction, no line separators", () => {
  expect(printable('a\u0000\u001b[31m\u202e日😀\u2028\n\ud800 "z"')).toBe('a[31m日😀 "z"');
});
