import * as fc from "fast-check";
import { parseEvent } from "./event.ts";
import { describe, expect, it } from "vitest";
import { aFilter, anEvent, seeded } from "../tests/reference/generators.ts";
import { matches } from "../tests/reference/matcher.ts";
import { anyMatcher, type Filter, parseFilter } from "./filter.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

function filterOf(value: unknown): Filter {
  const parsed = parseFilter(value);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.filter;
}

describe("[11] a filter's form", () => {
  it("keeps all conditions, and the order of its tags", () => {
    const wire = {
      "#t": ["x", ""],
      ids: [A],
      authors: [B],
      kinds: [0, 65_535],
      "#e": [A],
      since: 0,
      until: 9,
      limit: 0,
    };
    expect(filterOf(wire)).toEqual({
      ids: [A],
      authors: [B],
      kinds: [0, 65_535],
      since: 0,
      until: 9,
      limit: 0,
      tags: [
        { name: "t", values: ["x", ""] },
        { name: "e", values: [A] },
      ],
    });
    expect(filterOf({})).toEqual({ tags: [] });
  });

  it.each([
    { ids: ["abcd"] },
    { ids: ["A".repeat(64)] },
    { ids: A },
    { ids: [A, null] },
    { authors: ["a".repeat(63)] },
    { authors: {} },
    { "#e": ["x"] },
    { "#p": [A.toUpperCase()] },
    { "#t": "x" },
    { "#t": [1] },
    { "#t": ["\ud800"] },
    { kinds: [65_536] },
    { kinds: [-1] },
    { kinds: ["1"] },
    { kinds: 1 },
    { since: -1 },
    { since: "0" },
    { since: null },
    { until: 1.5 },
    { until: 2 ** 64 + 4096 },
    { since: 1e300 },
    { until: "18446744073709551615" },
    { limit: -1 },
    { limit: -(2 ** 64) },
    { limit: 0.5 },
    { limit: null },
    { search: ["x"] },
    { search: null },
    { search: "x".repeat(257) },
    { search: "a b c d e f g h i j k" },
  ])("%j is invalid, and the reason names the field", (wire) => {
    const parsed = parseFilter(wire);
    expect(parsed).toMatchObject({ ok: false, prefix: "invalid" });
    expect((parsed as { reason: string }).reason).toContain(Object.keys(wire)[0]);
  });

  it.each([
    [{ kinds: [1, "2", 3] }, 'kinds has "2", expected an integer from 0 to 65535'],
    [{ kinds: 1 }, "kinds is 1, expected a list"],
    [{ authors: [A, ["x"]] }, "authors has a list, expected 64 lower-case hex characters"],
    [{ "#e": ["x"] }, '#e has "x", expected 64 lower-case hex characters'],
    [{ "#t": [{}] }, "#t has an object, expected a string"],
    [{ authors: [`nsec1${"q".repeat(58)}`] }, 'authors has "nsec1…", expected 64 lower-case hex characters'],
    [{ since: null }, "since is null, expected an integer from 0 to 2^64 - 1"],
    [{ ids: ["x".repeat(1000)] }, `ids has "${"x".repeat(80)}", expected 64 lower-case hex characters`],
  ])("%j is refused by its first wrong value", (wire, reason) => {
    expect(parseFilter(wire)).toEqual({ ok: false, prefix: "invalid", reason });
  });

  it.each([[null], [[]], ["{}"], [7]])("%j is no filter", (value) => {
    expect(parseFilter(value)).toMatchObject({ ok: false, prefix: "invalid" });
  });

  it("[35] takes a search of 256 characters, and forgets one that asks for no text", () => {
    expect(filterOf({ search: "🦤".repeat(256) }).search).toHaveLength(512);
    expect(filterOf({ search: "!" })).toEqual({ search: "!", tags: [] });
    for (const search of ["", " ", "language:en"]) expect(filterOf({ search })).toEqual({ tags: [] });
  });

  it("[13] takes numbers up to 2^64 - 1, which clients send for no bound, and keeps what the store can hold", () => {
    for (const field of ["since", "until", "limit"] as const) {
      for (const given of ["9007199254740991", "9007199254740992", "18446744073709551615"]) {
        const wire: unknown = JSON.parse(`{"${field}":${given}}`);
        expect(filterOf(wire)).toEqual({ [field]: Number.MAX_SAFE_INTEGER, tags: [] });
      }
    }
  });

  it("[35] takes a search of ten words, each counted once, and says how many there are in a longer one", () => {
    const ten = "a b c d e f g h i j";
    for (const search of [ten, `${ten} A j`, `${ten} language:en !!`])
      expect(filterOf({ search }).search).toBe(search);
    expect(parseFilter({ search: `${ten} k` })).toMatchObject({
      reason: "search has 11 words; at most 10 are allowed",
    });
  });

  it("takes any value for other tags than e and p", () => {
    expect(filterOf({ "#E": ["x"], "#P": ["y"], "#a": ["30023:x:y"] }).tags).toHaveLength(3);
  });
});

it.each(["#emoji", "#", "#1", "#é", "#e ", "searches", "Ids", "&t", "__proto__", "constructor"])(
  "[8] the unknown filter field %j is unsupported, and not ignored",
  (field) => {
    const parsed = parseFilter(JSON.parse(`{${JSON.stringify(field)}:["x"]}`));
    expect(parsed).toMatchObject({ ok: false, prefix: "unsupported" });
    expect((parsed as { reason: string }).reason).toContain(JSON.stringify(field));
  },
);

it("[8] an unknown field is repeated to the client in part only", () => {
  const parsed = parseFilter({ [`x${"y".repeat(10_000)}`]: 1 });
  expect((parsed as { reason: string }).reason.length).toBeLessThan(100);
});

describe("[11] matching", () => {
  const event = {
    ...anEvent(seeded(1)),
    id: A,
    pubkey: B,
    kind: 1,
    created_at: 100,
    tags: [["e", A], ["t", "x"], ["t", "y", "z"], ["long", "w"], ["d"]],
  };
  it.each([
    [{}, true],
    [{ ids: [B, A] }, true],
    [{ ids: [B] }, false],
    [{ authors: [A, B], kinds: [7, 1] }, true],
    [{ authors: [B], kinds: [7] }, false],
    [{ "#t": ["x"], "#e": [A] }, true],
    [{ "#t": ["x"], "#e": [B] }, false],
    [{ "#t": ["q", "y"] }, true],
    [{ "#t": ["z"] }, false],
    [{ "#d": [""] }, false],
    [{ "#l": ["w"] }, false],
    [{ "#T": ["x"] }, false],
  ])("%j: %j", (wire, expected) => {
    expect(anyMatcher([filterOf(wire)])(event)).toBe(expected);
  });

  it.each([
    [{ since: 100, until: 100 }, true],
    [{ since: 101 }, false],
    [{ until: 99 }, false],
    [{ since: 0 }, true],
    [{ until: 0 }, false],
    [{ since: 101, until: 99 }, false],
  ])("[13] bounds are inclusive, and zero is a real value: %j: %j", (wire, expected) => {
    expect(anyMatcher([filterOf(wire)])(event)).toBe(expected);
  });

  it.each(["ids", "authors", "kinds", "#e", "#t"])("[12] an empty %s matches nothing", (field) => {
    expect(anyMatcher([filterOf({ [field]: [] })])(event)).toBe(false);
  });

  it("[14] limit is nothing to a live event", () => {
    expect(anyMatcher([filterOf({ limit: 0 })])(event)).toBe(true);
  });

  it("[3] e and p tags that hold no id or key are taken, and found by nothing that asks for one", () => {
    const odd = { ...event, tags: [["e", "not an id"], ["p", "A".repeat(64)], ["e"], ["e", A]] };
    expect(parseEvent({ ...odd, sig: "a".repeat(128) }).ok).toBe(true);
    expect(anyMatcher([filterOf({ "#e": [A] })])(odd)).toBe(true);
    expect(anyMatcher([filterOf({ "#p": [A] })])(odd)).toBe(false);
  });

  it("[8] a tag's empty value can be asked for", () => {
    expect(anyMatcher([filterOf({ "#t": [""] })])({ ...event, tags: [["t", ""]] })).toBe(true);
    expect(anyMatcher([filterOf({ "#t": [""] })])({ ...event, tags: [["t"]] })).toBe(false);
  });
});

it("[11] agrees with the reference on generated filters and events", () => {
  let fits = 0;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seeded(seed);
      const events = Array.from({ length: 20 }, () => anEvent(random));
      for (let n = 0; n < 20; n += 1) {
        const wire = aFilter(random, events);
        const fitting = anyMatcher([filterOf(JSON.parse(JSON.stringify(wire)))]);
        for (const event of events) {
          expect(fitting(event), JSON.stringify({ wire, event })).toBe(matches(wire, event));
          if (fitting(event)) fits += 1;
        }
      }
    }),
  );
  expect(fits).toBeGreaterThan(1000);
});
