/** The events of Watch: their order, and that no number and no size of events takes more memory. */
import { expect, test } from "vitest";
import { Feed, MOST_EVENTS } from "./feed.ts";

function eventOf(number: number) {
  const id = number.toString(16).padStart(64, "0");
  return { id, pubkey: id, created_at: number, kind: 1, tags: [], content: "", sig: "" };
}

function add(feed: Feed, from: number, to: number, size = 100): void {
  for (let number = from; number < to; number += 1) feed.add(eventOf(number), size);
}

function numbers(feed: Feed): number[] {
  return feed.events.map(({ created_at }) => created_at);
}

test("what came last is first, and nothing is shown before it is taken", () => {
  const feed = new Feed();
  add(feed, 0, 3);
  expect(feed.events).toEqual([]);
  expect(feed.waitingCount).toBe(3);
  feed.take();
  add(feed, 3, 5);
  expect(numbers(feed)).toEqual([2, 1, 0]);
  feed.take();
  expect(numbers(feed)).toEqual([4, 3, 2, 1, 0]);
  expect(feed.waitingCount).toBe(0);
  expect(feed.shownCount).toBe(5);
});

test("an event that comes again is not new, whether it is shown or waits", () => {
  const feed = new Feed();
  expect(feed.add(eventOf(1), 1)).toBe(true);
  expect(feed.add(eventOf(1), 1)).toBe(false);
  feed.take();
  expect(feed.add(eventOf(1), 1)).toBe(false);
  expect(feed.waitingCount).toBe(0);
});

test("the newest are kept, and all that wait are counted", () => {
  const feed = new Feed();
  add(feed, 0, 10);
  feed.take();
  add(feed, 10, 10_010);
  expect(feed.waitingCount).toBe(10_000);
  feed.take();
  expect(feed.events).toHaveLength(MOST_EVENTS);
  expect(numbers(feed).slice(0, 2)).toEqual([10_009, 10_008]);
});

test("few are kept if they are long, and the last one always", () => {
  const feed = new Feed();
  add(feed, 0, 1000, 1_000_000);
  expect(feed.waitingCount).toBe(1000);
  feed.take();
  expect(feed.events).toHaveLength(16);
  feed.add(eventOf(5000), 1_000_000_000);
  feed.take();
  expect(numbers(feed)).toEqual([5000]);
});

test("after clearing, the same events are new", () => {
  const feed = new Feed();
  add(feed, 0, 3);
  feed.take();
  add(feed, 3, 4);
  feed.clear();
  expect([feed.events.length, feed.waitingCount]).toEqual([0, 0]);
  add(feed, 0, 3);
  expect(feed.waitingCount).toBe(3);
});
