import { expect, test } from "vitest";
import { cut, tidyName, tidyText } from "./plain-text.ts";

test.each([
  ["  Alice \n of\tWonderland ", "Alice of Wonderland"],
  ["evil\u202etxt.exe", "evil txt.exe"],
  ["\u200b\u2060\ufeff", ""],
  ["\u200d", ""],
  ["👩‍💻", "👩‍💻"],
  ["Z\u0301\u0302\u0303\u0304\u0305\u0306", "Z\u0301\u0302\u0303"],
  ["x".repeat(500), `${"x".repeat(59)}…`],
])("the name %j is shown as %j", (name, shown) => {
  expect(tidyName(name)).toBe(shown);
});

test("a text keeps its lines, but not a page of empty ones", () => {
  expect(tidyText("a\r\nb\n\n\n\n\nc\u0007")).toBe("a\nb\n\nc");
});

test("an emoji is not cut in half", () => {
  expect(cut("👍👍👍", 2)).toBe("👍…");
});
