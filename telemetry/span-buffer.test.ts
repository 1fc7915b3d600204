import { expect, it } from "vitest";
import { SpanBuffer } from "./span-buffer.ts";

/** Returns a buffer for at most three spans. */
function buffer() {
  const dropped: number[] = [];
  return { buffer: new SpanBuffer(3, (spans) => void dropped.push(spans)), dropped };
}

function fill(buffer: SpanBuffer, ...spans: string[]): void {
  for (const span of spans) buffer.add(span);
}

it("gives out everything once, in its order", () => {
  const { buffer: spans, dropped } = buffer();
  fill(spans, "a", "b", "c");
  expect(spans.size).toBe(3);
  expect(spans.take()).toEqual(["a", "b", "c"]);
  expect(spans.size).toBe(0);
  expect(spans.take()).toEqual([]);
  expect(dropped).toEqual([]);
});

it("is bounded: the oldest span makes room, and is counted", () => {
  const { buffer: spans, dropped } = buffer();
  fill(spans, "a", "b", "c", "d", "e");
  expect(spans.take()).toEqual(["c", "d", "e"]);
  expect(dropped).toEqual([1, 1]);
});

it.each([
  { since: [], left: ["a", "b", "c"], dropped: [] },
  { since: ["d"], left: ["b", "c", "d"], dropped: [1] },
  { since: ["d", "e"], left: ["c", "d", "e"], dropped: [2] },
  { since: ["d", "e", "f"], left: ["d", "e", "f"], dropped: [3] },
])("what did not arrive is older than what has gathered since: $since", (row) => {
  const { buffer: spans, dropped } = buffer();
  fill(spans, "a", "b", "c");
  const taken = spans.take();
  fill(spans, ...row.since);
  spans.giveBack(taken);
  expect(dropped).toEqual(row.dropped);
  expect(spans.take()).toEqual(row.left);
});
