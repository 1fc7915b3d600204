import { afterEach, beforeEach, expect, it } from "vitest";
import { createDeadLetters, type DeadLetters } from "../../store/letters/dead-letters.ts";
import { createModerationStore } from "../../store/moderation/sql-moderation.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { type Bundle, bytesOf } from "./bundle.ts";
import { redrive } from "./redrive.ts";

const NOW = 1_700_000_000;
const [UP, OTHER] = ["wss://up.example", "wss://other.example"];

let db: ReturnType<typeof migratedSqlite>;
let letters: DeadLetters;
let queued: Bundle[];
beforeEach(() => {
  db = migratedSqlite();
  letters = createDeadLetters(db);
  queued = [];
});
afterEach(() => db.close());

const event = (n: number, content = "") => ({ id: n.toString(16).padStart(64, "0"), content });
const letter = (what: unknown, upstream = UP, attempts = 1) => ({
  upstream,
  reason: "r",
  event: what,
  attempts,
});
const enqueue = async (bundles: Bundle[]) => void queued.push(...bundles);
const run = (change = {}) => redrive({ letters, enqueue, ...change });
const left = async () => (await letters.totals()).letters;
const mark = () =>
  createModerationStore(db).change([{ do: "redrive-letters", which: { by: "all" } }], {
    at: NOW,
    pubkey: "a".repeat(64),
    method: "m",
    params: [],
    outcome: "done",
  });

it("queues what is marked, with its upstream and how often it has failed, and removes it", async () => {
  await letters.add([letter(event(1)), letter(event(2), OTHER), letter(event(3), UP, 2), letter(null)], NOW);
  await run();
  expect([queued, await left()]).toEqual([[], 4]);
  await mark();
  await letters.add([letter(event(4))], NOW);
  await run();
  expect(queued).toEqual([
    { version: 1, upstream: UP, attempts: 1, events: [event(1), null] },
    { version: 1, upstream: OTHER, attempts: 1, events: [event(2)] },
    { version: 1, upstream: UP, attempts: 2, events: [event(3)] },
  ]);
  expect(await left()).toBe(1);
});

it("keeps to the size of a message, whatever the size of the events", async () => {
  const sizes = [119_900, 200, 119_900, 60_000, 60_000, 150];
  const events = sizes.map((size, n) => event(n, "x".repeat(size - 150)));
  await letters.add(
    events.map((one) => letter(one)),
    NOW,
  );
  await mark();
  await run();
  expect(queued.flatMap((bundle) => bundle.events)).toEqual(events);
  for (const bundle of queued) expect(bytesOf(bundle)).toBeLessThan(128_000);
});

it("queues up to 1,000 in one run, and the rest in the next", async () => {
  await letters.add(
    Array.from({ length: 1100 }, (_, n) => letter(event(n))),
    NOW,
  );
  await mark();
  await run();
  expect(await left()).toBe(100);
  await run();
  expect(await left()).toBe(0);
  expect(queued.flatMap(({ events }) => events)).toHaveLength(1100);
});

it("loses nothing if the queue refuses, or the removal fails", async () => {
  await letters.add([letter(event(1))], NOW);
  await mark();
  const away = () => Promise.reject(new Error("away"));
  await expect(run({ enqueue: away })).rejects.toThrow("away");
  await expect(run({ letters: { ...letters, removeMarked: away } })).rejects.toThrow("away");
  expect(await left()).toBe(1);
  await run();
  expect(await left()).toBe(0);
});

it("keeps a letter that comes back before it is removed", async () => {
  await letters.add([letter(event(1))], NOW);
  await mark();
  await run({
    enqueue: async () => letters.add([letter(event(1), UP, 2)], NOW),
  });
  expect(await left()).toBe(1);
  expect(await letters.marked(9)).toEqual([]);
});
