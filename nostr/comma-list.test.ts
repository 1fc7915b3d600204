import * as fc from "fast-check";
import { expect, it } from "vitest";
import { splitCommaList } from "./comma-list.ts";

it.each([
  ["", [""]],
  ["a", ["a"]],
  ["a,b", ["a", "b"]],
  [",", ["", ""]],
  ["a,,b", ["a", "", "b"]],
  [String.raw`a\,b,c`, ["a,b", "c"]],
  [String.raw`a\\,b`, ["a\\", "b"]],
  [String.raw`C:\dir`, ["C:\\dir"]],
  ["日,本\n,語", ["日", "本\n", "語"]],
])("%j holds %j", (text, items) => {
  expect(splitCommaList(text)).toEqual(items);
});

it("any values can be written", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom(",", "\\", "a", "\n") }), { minLength: 1 }),
      (items) => {
        const text = items.map((item) => item.replace(/[\\,]/g, String.raw`\$&`)).join(",");
        expect(splitCommaList(text)).toEqual(items);
      },
    ),
  );
});
