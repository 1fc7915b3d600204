import { expect, it } from "vitest";
import { answerOfParts } from "./read.ts";
import type { FoundEvent, Query } from "../store.ts";

const QUERY: Query = { filter: { tags: [] }, view: { keys: [], now: 0 }, limit: 2 };

function found(...seconds: number[]): FoundEvent[] {
  return seconds.map((created_at) => ({ seq: created_at, id: "", created_at, size: 0, json: undefined }));
}

it("a part that its limit has cut ends with its last event, even if another part has come further", () => {
  const cut = { events: found(9, 8), more: true };
  const stopped = { events: [], more: true, unfinished: { reached: 3 } };
  // A page that went on after second 3 would lack what the first part has between 8 and 3.
  expect(answerOfParts(found(9, 8), QUERY, [cut, stopped])).toEqual({ events: found(9, 8), more: true });
});

it("parts that were stopped have everything before the second that all have reached", () => {
  const parts = [5, 7].map((reached) => ({ events: [], more: true, unfinished: { reached } }));
  expect(answerOfParts(found(8, 6), QUERY, parts)).toEqual({
    events: found(8),
    more: true,
    unfinished: { reached: 7 },
  });
});
