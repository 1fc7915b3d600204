import { afterEach, beforeEach, expect, it } from "vitest";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { createDeadLetters } from "../letters/dead-letters.ts";
import { saveBacklog } from "./gauges.ts";
import { readWatched } from "./watched.ts";

const NOW = 1_800_000_000;
const HOUR = 3600;

let db: ReturnType<typeof migratedSqlite>;
beforeEach(() => (db = migratedSqlite()));
afterEach(() => db.close());

const read = (urls: string[] = []) => readWatched(db, { urls, interval: 60, now: NOW });

interface Row {
  url: string;
  cursor?: object;
  settings?: object;
  failures?: number;
  origin?: string;
  isPaused?: 0 | 1;
}

async function upstream({
  url,
  cursor = {},
  settings = {},
  failures = 0,
  origin,
  isPaused = 0,
}: Row): Promise<void> {
  await db
    .prepare(
      `INSERT INTO upstream (url, cursor, settings, failures, origin, is_paused, problem)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, iif(?4 > 0, 'no', NULL))`,
    )
    .bind(
      url,
      JSON.stringify({ version: 1, pending: [], ...cursor }),
      JSON.stringify({ version: 1, ...settings }),
      failures,
      origin ?? "operator",
      isPaused,
    )
    .all();
}

const urls = async (configured?: string[]) => (await read(configured)).behind.map(({ url }) => url);

it("a new relay has nothing to say", async () => {
  expect(await read()).toEqual({ queues: undefined, letters: 0, behind: [] });
});

it("an upstream is behind after three intervals, at least an hour, or after five failures if it was never pulled", async () => {
  const late = { pulledTo: NOW - HOUR - 1 };
  await upstream({ url: "wss://late", cursor: late, failures: 3 });
  await upstream({ url: "wss://nearly", cursor: { pulledTo: NOW - HOUR } });
  await upstream({ url: "wss://rare", cursor: late, settings: { interval: HOUR } });
  await upstream({
    url: "wss://rare-and-late",
    cursor: { pulledTo: NOW - 3 * HOUR - 1 },
    settings: { interval: HOUR },
  });
  await upstream({ url: "wss://new" });
  await upstream({ url: "wss://never", failures: 5 });
  const filters = { a: { pulledTo: NOW, pending: [] }, b: { pulledTo: NOW - 2 * HOUR, pending: [] } };
  await upstream({ url: "wss://slow-filter", cursor: { version: 2, filters } });
  expect(await urls()).toEqual(["wss://late", "wss://never", "wss://rare-and-late", "wss://slow-filter"]);
  expect((await read()).behind[0]).toEqual({
    url: "wss://late",
    failures: 3,
    problem: "no",
    pulledTo: NOW - HOUR - 1,
  });
});

it("only upstreams that an operator wants to be pulled are behind", async () => {
  const cursor = { pulledTo: NOW - 2 * HOUR };
  await upstream({ url: "wss://paused", cursor, isPaused: 1 });
  await upstream({ url: "wss://out", cursor, settings: { direction: "out" } });
  await upstream({ url: "wss://later", cursor, settings: { version: 2 } });
  await upstream({ url: "wss://outbox", cursor, origin: "outbox" });
  await upstream({ url: "wss://unlisted", cursor, origin: "settings" });
  await upstream({ url: "wss://listed", cursor, origin: "settings" });
  expect(await urls(["wss://listed"])).toEqual(["wss://listed"]);
});

it("the queues, and dead letters of the last day", async () => {
  await saveBacklog(db, { messages: 2, oldest: NOW - 99 }, NOW - 5);
  const letter = (n: number) => ({ upstream: "wss://a", event: { id: `${n}` }, reason: "no", attempts: 1 });
  await createDeadLetters(db).add([letter(1), letter(2)], NOW - 86_401);
  await createDeadLetters(db).add([letter(3)], NOW - 10);
  expect(await read()).toMatchObject({ queues: { lookedAt: NOW - 5, oldest: NOW - 99 }, letters: 1 });
  await createDeadLetters(db).add(
    Array.from({ length: 150 }, (_, n) => letter(n + 4)),
    NOW,
  );
  expect((await read()).letters).toBe(100);
});
