import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogPosition, mergeSpans, type Span } from "./log-position.ts";

const MOST = 30;
const span = fc
  .tuple(fc.nat(MOST), fc.nat(MOST))
  .map(([a, b]): Span => ({ prev: Math.min(a, b), last: Math.max(a, b) }));

/** Returns every position in the spans, one by one. */
function places(spans: Span[]): Set<number> {
  return new Set(
    spans.flatMap(({ prev, last }) => Array.from({ length: last - prev }, (_, n) => prev + 1 + n)),
  );
}

it("[15] covers exactly the places that it was told of, in whatever order and portions", () => {
  fc.assert(
    fc.property(fc.nat(MOST), fc.array(fc.array(span)), (start, portions) => {
      const position = new LogPosition(start);
      const covered = new Set(Array.from({ length: start }, (_, n) => n + 1));
      for (const portion of portions) {
        position.cover(...portion);
        for (const place of places(portion)) covered.add(place);
        let at = 0;
        while (covered.has(at + 1)) at += 1;
        expect(position.at).toBe(at);
        expect(position.coveredTo).toBe(Math.max(at, ...covered));
        for (let seq = 1; seq <= MOST + 1; seq += 1) expect(position.isCovered(seq)).toBe(covered.has(seq));
        for (const head of [0, at, at + 1, MOST]) {
          expect(position.lags(head)).toBe(at < Math.max(head, ...covered));
        }
      }
    }),
  );
});

it("[15] ends the same in any order", () => {
  fc.assert(
    fc.property(fc.array(span), fc.nat(), (spans, seed) => {
      const shuffled = spans.toSorted(
        (a, b) => ((a.prev * 7 + a.last * 13 + seed) % 11) - ((b.prev * 7 + b.last * 13 + seed) % 11),
      );
      const [one, other] = [new LogPosition(0), new LogPosition(0)];
      for (const each of spans) one.cover(each);
      other.cover(...shuffled);
      expect(other).toEqual(one);
    }),
  );
});

describe("a position that has waited for nothing yet", () => {
  it("starts before the first news, and lags behind nothing", () => {
    const position = new LogPosition();
    expect([position.at, position.coveredTo, position.lags(9), position.isCovered(1)]).toEqual([
      undefined,
      0,
      false,
      false,
    ]);
    position.cover({ prev: 0, last: 0 });
    expect(position.at).toBeUndefined();
    position.cover({ prev: 7, last: 9 }, { prev: 5, last: 6 });
    expect([position.at, position.coveredTo, position.lags(0)]).toEqual([6, 9, true]);
    position.cover({ prev: 6, last: 7 });
    expect([position.at, position.lags(9), position.lags(10)]).toEqual([9, false, true]);
  });

  it("is what restart brings back", () => {
    const position = new LogPosition(3);
    position.cover({ prev: 5, last: 6 });
    position.restart(undefined);
    expect(position).toEqual(new LogPosition());
    position.restart(8);
    expect(position).toEqual(new LogPosition(8));
  });
});

it("merged spans hold the same places, and neither touch nor overlap", () => {
  fc.assert(
    fc.property(fc.array(span), (spans) => {
      const before = structuredClone(spans);
      const merged = mergeSpans(spans);
      expect(spans).toEqual(before);
      expect(places(merged)).toEqual(places(spans));
      merged.forEach(({ prev, last }, at) => {
        expect(last).toBeGreaterThan(prev);
        expect(prev).toBeGreaterThan(merged[at - 1]?.last ?? -1);
      });
    }),
  );
});
