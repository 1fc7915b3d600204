import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBuckets } from "./token-buckets.ts";

const PER_MINUTE = 600;

describe("a bucket", () => {
  it("takes what fits, is below zero after what does not, and is refused until it is above", () => {
    const limit = new TokenBuckets(PER_MINUTE);
    limit.charge(["a"], 599, 0);
    expect(limit.wait(["a"], 0)).toBe(0);
    limit.charge(["a"], 101, 0);
    expect(limit.wait(["a"], 0)).toBe(10);
    expect(limit.wait(["a"], 4.5)).toBe(5.5);
    expect(limit.wait(["a"], 10)).toBe(0);
  });

  it("is one of several: the deepest decides, and all of them pay", () => {
    const limit = new TokenBuckets(PER_MINUTE);
    limit.charge(["address", "key"], 600, 0);
    limit.charge(["address"], 10, 0);
    expect(limit.wait(["key"], 0)).toBe(0);
    expect(limit.wait(["key", "address"], 0)).toBe(1);
    expect(limit.wait([], 0)).toBe(0);
    expect(limit.wait(["somebody else"], 0)).toBe(0);
  });

  it("is given back what was charged too much, and is never more than full", () => {
    const limit = new TokenBuckets(PER_MINUTE);
    limit.charge(["a"], 700, 0);
    limit.charge(["a"], -5000, 0);
    limit.charge(["a"], 601, 0);
    expect(limit.wait(["a"], 0)).toBeCloseTo(0.1);
  });

  it("is not filled twice by a clock that goes back", () => {
    const limit = new TokenBuckets(PER_MINUTE);
    limit.charge(["a"], 700, 100);
    limit.charge(["a"], 0, 40);
    expect(limit.wait(["a"], 100)).toBe(10);
  });
});

it("a steady sender who keeps within the rate never waits, however short the time between two messages", () => {
  const intervals = fc.array(fc.double({ min: 0.001, max: 30, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(intervals, (pauses) => {
      const limit = new TokenBuckets(PER_MINUTE);
      // The bucket is empty at first, so only what refills can be used.
      limit.charge(["a"], PER_MINUTE, 1_700_000_000);
      let now = 1_700_000_000;
      for (const pause of pauses) {
        now += pause;
        expect(limit.wait(["a"], now)).toBeLessThan(0.001);
        limit.charge(["a"], (pause * PER_MINUTE) / 60, now);
      }
    }),
  );
});

it("nobody gets more than a full bucket and what comes back, and the last message", () => {
  const message = fc.record({
    pause: fc.double({ min: 0, max: 5, noNaN: true }),
    cost: fc.integer({ min: 1, max: 500 }),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 200 }), (messages) => {
      const limit = new TokenBuckets(PER_MINUTE);
      let [now, served, last] = [0, 0, 0];
      for (const { pause, cost } of messages) {
        now += pause;
        if (limit.wait(["a"], now) > 0) continue;
        limit.charge(["a"], cost, now);
        [served, last] = [served + cost, cost];
      }
      expect(served).toBeLessThanOrEqual(PER_MINUTE + (now * PER_MINUTE) / 60 + last + 0.001);
    }),
  );
});

describe("memory", () => {
  it("forgets those who are full again", () => {
    const limit = new TokenBuckets(PER_MINUTE);
    for (let n = 0; n < 20_000; n += 1) limit.charge([`a${n}`], 10, 0);
    expect(limit["spendings"].size).toBe(20_000);
    limit.charge(["b"], 10, 1);
    expect(limit["spendings"].size).toBe(1);
  });

  it("is bounded, and keeps the deepest debts", () => {
    const limit = new TokenBuckets(PER_MINUTE);
    limit.charge(["deep"], 5000, 0);
    for (let n = 0; n < 100_000; n += 1) limit.charge([`a${n}`], 10, 0);
    expect(limit["spendings"].size).toBeLessThanOrEqual(20_000);
    expect(limit.wait(["deep"], 0)).toBe(440);
  });

  it("debts are those past half of the bucket, the deepest first, and go on where they were kept", () => {
    const limit = new TokenBuckets(PER_MINUTE);
    limit.charge(["half"], 300, 0);
    limit.charge(["past half"], 301, 0);
    limit.charge(["deep"], 900, 0);
    const debts = limit.debts(0, 10);
    expect(debts.map(({ payer }) => payer)).toEqual(["deep", "past half"]);
    expect(limit.debts(0, 1)).toHaveLength(1);
    const woken = new TokenBuckets(PER_MINUTE, structuredClone(debts));
    expect([woken.wait(["deep"], 0), woken.wait(["deep"], 20), woken.wait(["deep"], 30)]).toEqual([
      30, 10, 0,
    ]);
  });
});
