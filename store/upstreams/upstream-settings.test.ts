import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_SETTINGS,
  keyOfFilter,
  parseUpstreamSettings,
  readUpstreamSettings,
  type UpstreamFilter,
} from "./upstream-settings.ts";

const KEY = "a".repeat(64);
const many = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("the settings of an upstream", () => {
  it("are, without any, to pull everything", () => {
    expect(parseUpstreamSettings({})).toEqual({ ok: true, settings: DEFAULT_SETTINGS });
    expect(readUpstreamSettings('{"version":1}')).toEqual(DEFAULT_SETTINGS);
  });

  it("are read as they were parsed and stored", () => {
    const given = {
      filters: [{ kinds: [1, 0], authors: [KEY], "#t": ["nostr"] }],
      direction: "both",
      live: true,
      interval: 600,
      history: "all",
      rate: 30,
    };
    const parsed = parseUpstreamSettings(given);
    expect(parsed).toEqual({
      ok: true,
      settings: { version: 1, ...given, filters: [{ ...given.filters[0], kinds: [0, 1] }] },
    });
    const { settings } = parsed as { settings: unknown };
    expect(readUpstreamSettings(JSON.stringify(settings))).toEqual(settings);
  });

  it.each<[given: unknown, reason: string]>([
    [null, "the settings are null, expected an object"],
    [[], "the settings are a list, expected an object"],
    [{ version: 2 }, "version is 2, expected 1"],
    [{ filter: {} }, 'there is no setting "filter", there are filters, direction'],
    [{ filters: {} }, "filters is an object, expected a list of 1 to 20 filters"],
    [{ filters: [] }, "filters is a list, expected a list of 1 to 20 filters"],
    [{ filters: many(21).map((n) => ({ kinds: [n] })) }, "expected a list of 1 to 20 filters"],
    [{ filters: [7] }, "a filter must be a JSON object"],
    [{ filters: [{ kinds: ["1"] }] }, 'kinds has "1", expected an integer from 0 to 65535'],
    [{ filters: [{ kinds: [] }] }, "kinds is empty, so nothing matches: leave it out to ask for all"],
    [{ filters: [{ since: 5 }] }, 'a filter has "since": only kinds, authors and tags'],
    [{ filters: [{ search: "x" }] }, 'a filter has "search": only kinds, authors and tags'],
    [{ filters: [{ colour: ["x"] }] }, 'filter field "colour"'],
    [{ filters: [{ "#t": ["x".repeat(501)] }] }, "#t has a value of more than 500 characters"],
    [{ filters: [{ kinds: many(2001) }] }, "the filters have 2001 values; at most 2000 are allowed"],
    [{ direction: "up" }, 'direction is "up", expected in or out or both'],
    [{ live: "yes" }, 'live is "yes", expected true or false'],
    [{ interval: 59 }, "interval is 59, expected a number from 60 to 86400"],
    [{ interval: "all" }, 'interval is "all", expected a number from 60 to 86400'],
    [{ history: -1 }, "history is -1, expected all or a number from 0 to 4000000000"],
    [{ rate: 1.5 }, "rate is 1.5, expected a number from 1 to 6000"],
  ])("%j are refused", (given, reason) => {
    expect(parseUpstreamSettings(given)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  it("of a later version are not read", () => {
    expect(readUpstreamSettings('{"version":2,"filters":"?"}')).toBeUndefined();
  });
});

it("the key of a filter does not depend on the order of its fields and values, nor on repetitions", () => {
  const field = fc.constantFrom("kinds", "authors", "#t", "#p");
  const filter = fc.dictionary(field, fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), { maxKeys: 4 });
  fc.assert(
    fc.property(filter, (one) => {
      const other = Object.fromEntries(
        Object.entries(one)
          .toReversed()
          .map(([name, values]) => [name, [...values.toReversed(), ...values]]),
      );
      const key = keyOfFilter(one as unknown as UpstreamFilter);
      expect(keyOfFilter(other as unknown as UpstreamFilter)).toBe(key);
      const parsed = JSON.parse(key) as Record<string, number[]>;
      for (const [name, values] of Object.entries(one))
        expect(new Set(parsed[name])).toEqual(new Set(values));
    }),
  );
});
