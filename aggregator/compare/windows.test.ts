import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../tests/fixtures/seed.ts";
import type { Segment } from "./slices.ts";
import { laterLimits, MOST_SEGMENTS, nextWindow, smallerLimits, type WindowLimits } from "./windows.ts";

const FREE: WindowLimits = { most: Infinity, span: Infinity, segments: MOST_SEGMENTS };

/** Returns segments, newest first: a number is a slice with so many events, undefined a hole. Each has 100 seconds. */
function segments(...list: (number | undefined)[]): Segment[] {
  return list.map((held, at) => {
    const since = 100_000 - 100 * (at + 1);
    const range = { since, until: since + 100 };
    return held === undefined ? range : { ...range, slice: { ...range, held, here: 0, sum: "" } };
  });
}

const extent = (window: Segment[]) => [window[0]!.since, window.at(-1)!.until];

describe("[36] windows", () => {
  it("cover all segments, in order, whatever the limits", () => {
    const lists = fc.array(fc.option(fc.nat(1000), { nil: undefined }), { maxLength: 40 });
    const limits = fc.record({
      most: fc.constantFrom(0, 10, 1500, Infinity),
      span: fc.constantFrom(1, 7, 150, Infinity),
      segments: fc.constantFrom(1, 3, MOST_SEGMENTS),
    });
    fc.assert(
      fc.property(lists, limits, fc.nat(5), (list, limit, left) => {
        const all = segments(...list).filter((_, at) => at % 6 !== left);
        let seconds = 0;
        for (let waiting = all; waiting.length > 0;) {
          const { segments: window, rest } = nextWindow(waiting, limit);
          expect(window.length).toBeGreaterThan(0);
          for (const [at, { since }] of window.slice(1).entries()) expect(since).toBe(window[at]!.until);
          seconds += extent(window)[1]! - extent(window)[0]!;
          waiting = rest;
        }
        expect(seconds).toBe(100 * all.length);
      }),
    );
  });

  it("have no more events than the upstream accepts, and end where nothing is to be compared", () => {
    const known = segments(40, 40, 40, 40);
    expect(nextWindow(known, { ...FREE, most: 100 }).segments).toHaveLength(2);
    expect(nextWindow([known[0]!, known[2]!], FREE).segments).toHaveLength(1);
    expect(nextWindow(segments(500), { ...FREE, most: 100 }).segments).toHaveLength(1);
  });

  it("have no more unknown seconds, and leave the rest of a hole for the next", () => {
    const { segments: window, rest } = nextWindow(segments(undefined, 5, undefined), { ...FREE, span: 130 });
    expect(extent(window)).toEqual([99_770, 100_000]);
    expect(rest).toEqual([{ since: 99_700, until: 99_770 }]);
  });
});

describe("[36] what an upstream accepts", () => {
  it("is what it tells, and less than the window that it refused", () => {
    const known = segments(4000, 4000).toReversed();
    expect(smallerLimits(FREE, known, 1000)).toEqual({ most: 800, span: 100, segments: 1 });
    expect(smallerLimits(FREE, known, undefined)).toMatchObject({ most: 4000, segments: 1 });
    // Nobody knows how many events a hole has.
    expect(smallerLimits(FREE, segments(4000, undefined).toReversed(), undefined)).toMatchObject({
      most: Infinity,
      span: 100,
    });
  });

  it("has an end: one second cannot be split", () => {
    expect(smallerLimits(FREE, [{ since: 5, until: 6 }], undefined)).toBeUndefined();
  });

  it("grows again where events are sparse", () => {
    const tight = { ...FREE, span: 100, segments: 2 };
    const window = segments(undefined);
    expect(laterLimits(tight, window, 10)).toMatchObject({ span: 200, segments: 4 });
    expect(laterLimits(tight, window, 50_000)).toMatchObject({ span: 100 });
    expect(laterLimits({ ...tight, span: 500 }, window, 10)).toMatchObject({ span: 500 });
  });
});
