import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../tests/fixtures/seed.ts";
import { countedFrom, DAY, type Slice, type Slices } from "../../store/database/slices.ts";
import { joinSlices, putSlice, segmentsOf, segmentsToCompare } from "./slices.ts";

const NOW = 20_000 * DAY + 1000;

function aSlice(since: number, until: number, held: number): Slice {
  return { since, until, held, here: held, sum: held.toString(16).padStart(64, "0") };
}

/** Returns slices that touch, the newest at the end of time `until`. */
function touching(sizes: number[], { until = NOW, seconds = 100 } = {}): Slice[] {
  return sizes.map((held, at) => {
    const start = until - (sizes.length - at) * seconds;
    return aSlice(start, start + seconds, held);
  });
}

const state = (slices: Slice[], more: Partial<Slices> = {}): Slices => ({ floor: 0, slices, ...more });

describe("[36] joined slices", () => {
  const sizes = fc.array(fc.nat(100), { maxLength: 300 });

  it("have the same events, and the same ends", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20_000 }), (list, seconds) => {
        const slices = touching(list, { seconds });
        const joined = joinSlices(slices, NOW);
        const total = (all: Slice[]) => all.reduce((sum, { held }) => sum + held, 0);
        expect(total(joined)).toBe(total(slices));
        expect([joined[0]?.since, joined.at(-1)?.until]).toEqual([slices[0]?.since, slices.at(-1)?.until]);
        for (const [at, slice] of joined.slice(1).entries()) expect(slice.since).toBe(joined[at]!.until);
        expect(joined.reduce((sum, slice) => sum + BigInt(`0x${slice.sum.slice(-8)}`), 0n)).toBe(
          BigInt(total(slices)),
        );
      }),
    );
  });

  it("are small at the newest end, and about as many for few events as for many", () => {
    const few = joinSlices(touching(Array<number>(1000).fill(10), { seconds: 1 }), NOW);
    expect(few.length).toBeLessThan(40);
    expect(few.at(-1)!.held).toBeLessThanOrEqual(32);
    const many = joinSlices(touching(Array<number>(50_000).fill(20), { seconds: 1 }), NOW);
    expect(many.length).toBeLessThan(300);
    expect(Math.max(...many.map(({ held }) => held))).toBeLessThanOrEqual(1_000_000 / 128 + 1);
  });

  it("do not reach over a midnight of the last days", () => {
    const midnight = Math.floor(NOW / DAY) * DAY;
    const twoDays = [aSlice(midnight - 500, midnight, 1), aSlice(midnight, midnight + 500, 1)];
    expect(joinSlices(twoDays, NOW)).toEqual(twoDays);
    expect(joinSlices(twoDays, NOW + 40 * DAY)).toHaveLength(1);
  });

  it("keep a hole", () => {
    const apart = [aSlice(10, 20, 1), aSlice(21, 30, 1)];
    expect(joinSlices(apart, NOW)).toEqual(apart);
  });

  it("are looked at again when the last of them is due", () => {
    const [a, b] = touching([1, 1]);
    const joined = joinSlices(
      [
        { ...a!, again: { at: 5, tries: 2 } },
        { ...b!, again: { at: 9, tries: 0 } },
      ],
      NOW,
    );
    expect(joined[0]!.again).toEqual({ at: 9, tries: 0 });
  });
});

describe("[36] segments", () => {
  it("cover everything from the floor to the end, newest first, and are cut at the midnights that count", () => {
    const slices = [aSlice(100, 200, 1), aSlice(NOW - DAY, NOW - DAY / 2, 1)];
    const segments = segmentsOf(state(slices, { floor: 50 }), NOW + 900, NOW);
    expect(segments[0]!.until).toBe(NOW + 900);
    expect(segments.at(-1)!.since).toBe(50);
    for (const [at, { until }] of segments.slice(1).entries()) expect(until).toBe(segments[at]!.since);
    for (const { since, until, slice } of segments) {
      if (slice || since < countedFrom(NOW)) continue;
      expect(Math.floor(since / DAY)).toBe(Math.floor((until - 1) / DAY));
    }
    expect(segments.filter(({ slice }) => slice)).toHaveLength(2);
  });

  it("put a slice in place of all that it overlaps", () => {
    const slices = [aSlice(0, 10, 1), aSlice(10, 20, 1), aSlice(30, 40, 1)];
    const added = aSlice(5, 25, 9);
    expect(putSlice(slices, added)).toEqual([added, slices[2]]);
  });
});

describe("[36] what a pull compares", () => {
  const big = touching(Array<number>(50).fill(10_000), { until: NOW + 900 });
  const compared = (more: Partial<Slices> = {}) =>
    segmentsToCompare(state(big, { floor: big[0]!.since, ...more }), { end: NOW + 900, now: NOW });

  it("is the newest 100,000 events, and as many old ones in turn, all of them once a day", () => {
    const seen = new Set<number>();
    let round: Slices["round"];
    let pulls = 0;
    do {
      const next = compared(round && { round });
      expect(next.segments.length).toBeLessThanOrEqual(20);
      for (const { since } of next.segments) seen.add(since);
      expect(next.segments.slice(0, 10).map(({ since }) => since)).toEqual(
        big
          .slice(-10)
          .toReversed()
          .map(({ since }) => since),
      );
      round = next.round;
      pulls += 1;
    } while (round?.below !== undefined);
    expect(pulls).toBe(4);
    expect(seen.size).toBe(50);
    expect(round).toEqual({ at: NOW });
    expect(compared({ round: { at: NOW - DAY + 1 } }).segments).toHaveLength(10);
    expect(compared({ round: { at: NOW - DAY } }).segments).toHaveLength(20);
  });

  it("is what is due, however old it is", () => {
    const idle = { round: { at: NOW } };
    expect(compared(idle).segments).toHaveLength(10);
    const [oldest] = big;
    const slices = [{ ...oldest!, again: { at: NOW, tries: 0 } }, ...big.slice(1)];
    expect(compared({ ...idle, slices }).segments.at(-1)).toMatchObject({ since: oldest!.since });
  });

  it("is every hole", () => {
    const [, , ...rest] = big;
    const { segments } = compared({ slices: [big[0]!, ...rest], round: { at: NOW } });
    expect(segments.at(-1)).toEqual({ since: big[1]!.since, until: big[1]!.until });
  });
});
