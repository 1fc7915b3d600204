import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Delivered } from "../aggregator/queue/consume.ts";
import { DiskQueue } from "./queue.ts";

let db: DatabaseSync;
let reported: string[];
let consumed: unknown[][];

beforeEach(() => {
  vi.useFakeTimers();
  db = new DatabaseSync(":memory:");
  reported = [];
  consumed = [];
});
afterEach(() => {
  vi.useRealTimers();
  db.close();
});

function queue(consume: (messages: Delivered[]) => void = (all) => all.forEach((message) => message.ack())) {
  return new DiskQueue<string>({
    db,
    batchSize: 2,
    mostAttempts: 3,
    consume: async (messages, isLast) => {
      consumed.push([...messages.map(({ body }) => body), ...(isLast ? ["last"] : [])]);
      consume(messages);
    },
    now: Date.now,
    report: (error) => void reported.push(String(error)),
  });
}

const bodies = (...all: string[]) => all.map((body) => ({ body }));

test("what was consumed comes again if the disk is full, and nothing that was sent meanwhile is lost", async () => {
  const events = queue();
  db.exec("CREATE TRIGGER full BEFORE DELETE ON message BEGIN SELECT RAISE(FAIL, 'the disk is full'); END");
  await events.sendBatch(bodies("a"));
  await vi.advanceTimersByTimeAsync(0);
  expect(consumed).toEqual([["a"]]);
  // Each runtime names the kind of error in its own way.
  expect(reported).toEqual([expect.stringContaining("the disk is full")]);
  expect(db.isTransaction).toBe(false);
  await events.sendBatch(bodies("b"));
  await vi.advanceTimersByTimeAsync(0);
  db.exec("DROP TRIGGER full");
  await vi.advanceTimersByTimeAsync(5000);
  expect(consumed.at(-1)).toEqual(["a", "b"]);
  expect(await events.metrics()).toEqual({ backlogCount: 0 });
});

test("a message that fails too often goes to the last consumer", async () => {
  const events = queue((all) => all.forEach((message) => message.retry({ delaySeconds: 1 })));
  await events.sendBatch(bodies("a"));
  await vi.advanceTimersByTimeAsync(2000);
  expect(consumed).toEqual([["a"], ["a"], ["a"], ["a", "last"]]);
});

test("a message that a broken disk has garbled does not hold up the others", async () => {
  const events = queue();
  await events.stop();
  await events.sendBatch(bodies("a", "b"));
  db.exec(`UPDATE message SET body = '"a' WHERE id = 1`);
  queue().wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(consumed).toEqual([['"a', "b"]]);
  expect(reported).toEqual([]);
});
