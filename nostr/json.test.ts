import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOST_LEVELS, parseJson, shapeOf } from "./json.ts";

function nested(levels: number, [open, close]: [string, string] = ["[", "]"]): string {
  return open.repeat(levels) + "0" + close.repeat(levels);
}

describe("the shape of a text", () => {
  it.each([
    ["7", { levels: 0, steps: 0 }],
    ["[]", { levels: 1, steps: 1 }],
    ['["EVENT",{"tags":[["e","[[[[,:"]]}]', { levels: 4, steps: 16 }],
    ['{"a":1,"b":[2,3]}', { levels: 2, steps: 24 }],
    [String.raw`["\"[[[","\\",[]]`, { levels: 2, steps: 4 }],
    [']]]["[[[', { levels: 0, steps: 1 }],
    ['["never ends', { levels: 1, steps: 1 }],
    [String.raw`["\ `.trimEnd(), { levels: 1, steps: 1 }],
  ])("%s", (text, shape) => expect(shapeOf(text)).toEqual(shape));

  it("has the levels of the value, whatever its strings hold", () => {
    const value = fc.jsonValue({
      maxDepth: 6,
      stringUnit: fc.constantFrom("[", "]", "{", "}", '"', ",", ":", "\\", "a"),
    });
    fc.assert(
      fc.property(value, (each) => {
        expect(shapeOf(JSON.stringify(each)).levels).toBe(levelsOf(each));
      }),
    );
  });
});

describe("parsing", () => {
  it("takes what is nested as deeply as it may be", () => {
    expect(JSON.stringify(parseJson(nested(MOST_LEVELS)))).toBe(nested(MOST_LEVELS));
    expect(JSON.stringify(parseJson(nested(MOST_LEVELS, ['{"a":', "}"])))).toHaveLength(6 * MOST_LEVELS + 1);
  });

  it("refuses more, and what is not JSON", () => {
    expect(() => parseJson(nested(MOST_LEVELS + 1))).toThrow("nested 65 levels deep; at most 64 are allowed");
    expect(() => parseJson(nested(100_000, ['{"a":', "}"]))).toThrow("nested 100000 levels deep");
    expect(() => parseJson("[1,")).toThrow(SyntaxError);
  });
});

function levelsOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}
