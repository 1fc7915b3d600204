import { expect, it } from "vitest";
import { Counts } from "./counts.ts";

const STORED = { name: "events_stored_total", labels: { source: "http", kind: "1" } };

it("counts each series, and begins again when they are taken", () => {
  const counts = new Counts();
  counts.add("events_stored_total", { source: "http", kind: "1" });
  counts.add("events_stored_total", { source: "http", kind: "other" }, 2);
  counts.add("events_stored_total", { source: "http", kind: "1" }, 3);
  counts.add("slow_clients_total", { source: "websocket" }, 0);
  const taken = counts.take();
  expect(taken).toEqual([
    { ...STORED, amounts: [4] },
    { name: "events_stored_total", labels: { source: "http", kind: "other" }, amounts: [2] },
  ]);
  expect(counts.isEmpty).toBe(true);
  counts.add("events_stored_total", { source: "http", kind: "1" });
  counts.addAll(taken);
  expect(counts.list()).toContainEqual({ ...STORED, amounts: [5] });
  expect(taken[0]?.amounts).toEqual([4]);
});

it("tells the sum of the series that have some labels", () => {
  const counts = new Counts();
  counts.add("events_stored_total", { source: "http", kind: "1" }, 2);
  counts.add("events_stored_total", { source: "queue", kind: "1" }, 3);
  counts.add("events_stored_total", { source: "queue", kind: "7" }, 5);
  expect(counts.total("events_stored_total")).toBe(10);
  expect(counts.total("events_stored_total", { source: "queue" })).toBe(8);
  expect(counts.total("events_stored_total", { kind: "1" })).toBe(5);
  expect(counts.total("slow_clients_total")).toBe(0);
});

it("a list stays as it is when counting goes on", () => {
  const counts = new Counts();
  counts.add("slow_clients_total", { source: "websocket" });
  const listed = counts.list();
  counts.add("slow_clients_total", { source: "websocket" });
  expect(listed[0]?.amounts).toEqual([1]);
  expect(counts.total("slow_clients_total")).toBe(2);
});

it("puts a duration into the smallest bucket that it fits", () => {
  const counts = new Counts();
  for (const seconds of [0, 0.01, 0.02, 10, 11])
    counts.observe("commit_seconds", { source: "http" }, seconds);
  const [sum, ...buckets] = counts.list()[0]?.amounts ?? [];
  expect(sum).toBeCloseTo(21.03);
  expect(buckets).toEqual([2, 1, 0, 0, 0, 0, 1, 1]);
});

it("a stopwatch tells seconds, and none if the clock was set back", () => {
  let now = 5000;
  const seconds = new Counts(() => now).stopwatch();
  now += 250;
  expect(seconds()).toBe(0.25);
  now -= 1000;
  expect(seconds()).toBe(0);
});
