import { afterEach, beforeEach, expect, it } from "vitest";
import { readGauges, saveBacklog } from "../../store/watch/gauges.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { backlogOf } from "./backlog.ts";

const NOW = 1_700_000_000;

let db: ReturnType<typeof migratedSqlite>;
beforeEach(() => {
  db = migratedSqlite();
});
afterEach(() => db.close());

const queue = (backlogCount: number, oldest?: number) => ({
  metrics: async () => ({
    backlogCount,
    ...(oldest !== undefined && { oldestMessageTimestamp: new Date(1000 * oldest) }),
  }),
});

it("is the sum of the queues, and the age of the oldest message", async () => {
  await saveBacklog(db, await backlogOf([queue(3, NOW - 50), queue(2, NOW - 70.5)]), NOW - 10);
  expect(await readGauges(db, NOW)).toEqual({
    dead_letters: 0,
    dead_letters_dropped_total: 0,
    queue_messages: 5,
    queue_oldest_seconds: 71,
  });
});

it.each([
  ["tells no time", queue(0)],
  ["tells the year 1970", queue(0, 0)],
  ["tells an old time", queue(0, NOW - 99)],
])("of an empty queue that %s has no age", async (_, empty) => {
  await saveBacklog(db, await backlogOf([empty]), NOW);
  expect(await readGauges(db, NOW)).toMatchObject({ queue_messages: 0, queue_oldest_seconds: 0 });
});

it("is not shown if nobody has looked for five minutes, or ever", async () => {
  const unknown = { dead_letters: 0, dead_letters_dropped_total: 0 };
  expect(await readGauges(db, NOW)).toEqual(unknown);
  await saveBacklog(db, { messages: 1, oldest: NOW }, NOW);
  expect(await readGauges(db, NOW + 299)).toMatchObject({ queue_messages: 1, queue_oldest_seconds: 299 });
  expect(await readGauges(db, NOW + 300)).toEqual(unknown);
});
