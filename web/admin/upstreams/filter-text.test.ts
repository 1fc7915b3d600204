import { expect, it } from "vitest";
import { npubEncode } from "nostr-tools/nip19";
import { areWritable, describeFilter, filterText, parseFilterText } from "./filter-text.ts";

const ANN = "a".repeat(64);
const FILTER = { kinds: [0, 1], authors: [ANN], "#t": ["nostr", "relay"], "#d": ["x"] };

it("a filter is read from what a person types, and written as a person would", () => {
  const text = { kinds: "0, 1", authors: npubEncode(ANN), tags: "t: nostr, relay\nd: x" };
  expect(parseFilterText(text)).toEqual({ ok: true, filter: FILTER });
  expect(filterText(FILTER)).toEqual(text);
  expect(parseFilterText({ kinds: " ", authors: "", tags: "\n" })).toEqual({ ok: true, filter: {} });
});

it.each([
  ["kinds", "1, x", "“x”"],
  ["kinds", "65536", "“65536”"],
  ["authors", "npub1nothing", "“npub1nothing”"],
  ["tags", "topic: nostr", "“topic: nostr”"],
  ["tags", "t:", "“t:”"],
])("%s with %j is refused with what is wrong", (field, value, quoted) => {
  const parsed = parseFilterText({ kinds: "", authors: "", tags: "", [field]: value });
  expect(parsed).toMatchObject({ ok: false, field, reason: expect.stringContaining(quoted) });
});

it("a filter is described in a few words", () => {
  expect(describeFilter({})).toBe("everything");
  expect(describeFilter(FILTER)).toBe("kinds 0, 1; 1 author; #t nostr, relay; #d x");
  expect(describeFilter({ kinds: [1, 2, 3, 4, 5, 6, 7, 8] })).toBe("kinds 1, 2, 3, 4, 5, 6 and 2 more");
});

it("values with commas are written and read, and those that cannot be are known", () => {
  const filter = { "#t": ["a,b", "c\\d"] };
  expect(parseFilterText(filterText(filter))).toEqual({ ok: true, filter });
  expect(areWritable([filter, FILTER, {}])).toBe(true);
  for (const value of ["a\nb", " a", ""]) expect(areWritable([{ "#t": [value] }])).toBe(false);
});
