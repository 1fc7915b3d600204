import { describe, expect, it } from "vitest";
import { bundleEvents, bytesOf, queueBatches, readBundle } from "./bundle.ts";

const head = { upstream: "wss://relay.example/" };
const LONGEST = 1_000_000;
const event = (n: number, bytes = 100) => ({ n, content: "x".repeat(bytes) });

describe("a bundle", () => {
  it("holds as many events as fit in one unit of the queue's bill, in their order", () => {
    const events = Array.from({ length: 1000 }, (_, n) => event(n, 500));
    const { bundles, oversized } = bundleEvents(events, { ...head, traceparent: "00-trace" }, LONGEST);
    expect(bundles.flatMap((bundle) => bundle.events)).toEqual(events);
    expect(oversized).toEqual([]);
    for (const bundle of bundles) {
      expect(bundle).toMatchObject({ version: 1, ...head, traceparent: "00-trace" });
      expect(bytesOf(bundle)).toBeLessThan(64_000);
    }
    expect(bundles.length).toBe(Math.ceil((1000 * (bytesOf(event(100, 500)) + 1)) / 60_000));
  });

  it("is counted in bytes, not in characters", () => {
    const events = Array.from({ length: 30 }, () => ({ content: "日".repeat(1000) }));
    expect(bundleEvents(events, head, LONGEST).bundles).toHaveLength(2);
  });

  it("holds an event alone that is longer than a unit; what fits in no message is told apart", () => {
    const events = [event(1), event(2, 100_000), event(3), event(4, 130_000), event(5)];
    const { bundles, oversized } = bundleEvents(events, head, LONGEST);
    expect(bundles.map((bundle) => bundle.events)).toEqual([
      [events[0]],
      [events[1]],
      [events[2], events[4]],
    ]);
    expect(oversized).toEqual([events[3]]);
    for (const bundle of bundles) expect(bytesOf(bundle)).toBeLessThan(128_000);
  });

  it("holds nothing that is longer than may be stored", () => {
    const longest = bytesOf(event(1, 50_000));
    const events = [event(1, 50_000), event(1, 50_001), event(1, 50_000)];
    const { bundles, oversized } = bundleEvents(events, head, longest);
    expect(bundles.map((bundle) => bundle.events)).toEqual([[events[0]], [events[2]]]);
    expect(oversized).toEqual([events[1]]);
  });

  it("is none when there is nothing", () => {
    expect(bundleEvents([], head, LONGEST)).toEqual({ bundles: [], oversized: [] });
  });

  it("is read as it was written", () => {
    const { bundles } = bundleEvents([event(1)], { ...head, traceparent: "00-trace" }, LONGEST);
    expect(readBundle(JSON.parse(JSON.stringify(bundles[0])))).toEqual(bundles[0]);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["text", "hello"],
    ["a list", []],
    ["another version", { version: 2, upstream: "wss://x/", events: [] }],
    ["no upstream", { version: 1, events: [] }],
    ["events that are no list", { version: 1, upstream: "wss://x/", events: {} }],
  ])("%s is none", (_, body) => {
    expect(readBundle(body)).toBeUndefined();
  });
});

describe("what is sent to a queue at once", () => {
  it("is at most 100 messages", () => {
    expect(queueBatches(Array.from({ length: 250 }, (_, n) => n)).map(({ length }) => length)).toEqual([
      100, 100, 50,
    ]);
  });

  it("is at most 256 KB, whatever the size of its messages", () => {
    const { bundles } = bundleEvents(
      Array.from({ length: 20 }, (_, n) => event(n, n % 3 === 0 ? 110_000 : 20_000)),
      head,
      LONGEST,
    );
    const batches = queueBatches(bundles);
    expect(batches.flat()).toEqual(bundles);
    for (const batch of batches) expect(bytesOf(batch)).toBeLessThan(256_000);
    expect(batches.length).toBeLessThan(bundles.length);
  });
});
