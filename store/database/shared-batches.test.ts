import * as fc from "fast-check";
import { expect, it } from "vitest";
import { openSqlite } from "../../platforms/sqlite.ts";
import { type BatchOptions, type Database, isRead, type SqlResult } from "./database.ts";
import { shareBatches } from "./shared-batches.ts";
import { wrapDatabase } from "./wrapped-database.ts";

/** One call of the database: its statements, each as `[sql, ...values]`. */
interface Trip {
  statements: unknown[][];
  options: BatchOptions;
}

interface SlowOptions {
  /** Each call begins when this resolves. */
  begin?: () => Promise<unknown>;
  /** Its answer arrives when this resolves. */
  arrive?: () => Promise<unknown>;
  /** Returns the message with which the next call fails, if it does. */
  failure?: () => string | undefined;
  breathe?: () => Promise<void>;
}

/** Opens a database with a counter (`n`), that bills two rows for each statement. */
function slowDatabase({ begin, arrive, failure, breathe }: SlowOptions = {}) {
  const sqlite = openSqlite(":memory:");
  sqlite.exec("CREATE TABLE counter (n INTEGER); INSERT INTO counter VALUES (0)");
  const trips: Trip[] = [];
  const db = wrapDatabase(sqlite, async (prepared, run, options) => {
    trips.push({ statements: prepared.map(({ sql, values }) => [sql, ...values]), options });
    const message = failure?.();
    await begin?.();
    if (message !== undefined) throw new Error(message);
    const results = await run();
    await arrive?.();
    return results.map(({ results }) => ({ results, meta: { rows_read: 2 } }));
  });
  return { db: shareBatches(db, breathe ? { breathe } : {}), trips };
}

/** Returns a database whose calls wait until they are let go, one after the other. */
function heldDatabase() {
  const held: (() => void)[] = [];
  const slow = slowDatabase({ begin: () => new Promise<void>((resolve) => held.push(resolve)) });
  return { ...slow, letGo: () => held.shift()?.() };
}

/** Lets everything happen that waits for nothing else. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const N = "SELECT n, ?1 AS asked FROM counter";
const ADD = "UPDATE counter SET n = n + 1";
/** Always fails when it runs. */
const FAILS = "SELECT json('not JSON' || ?1) AS n";

interface Counted {
  n: number;
  asked: number;
}

const ask = (db: Database, value: number) => db.prepare(N).bind(value).all<Counted>();

it("sends reads of one turn in one batch, in their order, and gives each its own answer", async () => {
  const { db, trips, letGo } = heldDatabase();
  const answers = Promise.all([
    ask(db, 1),
    db.batch([db.prepare(N).bind(2), db.prepare(N).bind(3)]),
    ask(db, 4),
  ]);
  await settle();
  letGo();
  const [first, two, last] = await answers;
  expect(trips).toEqual([{ statements: [1, 2, 3, 4].map((value) => [N, value]), options: {} }]);
  expect(first.results).toEqual([{ n: 0, asked: 1 }]);
  expect(two.map(({ results }) => results)).toEqual([[{ n: 0, asked: 2 }], [{ n: 0, asked: 3 }]]);
  expect(last).toEqual({ results: [{ n: 0, asked: 4 }], meta: { rows_read: 2 } });
});

it("sends reads that come while two batches are under way in the next one", async () => {
  const { db, trips, letGo } = heldDatabase();
  const answers: Promise<unknown>[] = [];
  for (const value of [1, 2, 3, 4, 5]) {
    answers.push(ask(db, value));
    await settle();
  }
  expect(trips.map(({ statements }) => statements.length)).toEqual([1, 1]);
  letGo();
  await settle();
  expect(trips.map(({ statements }) => statements.length)).toEqual([1, 1, 3]);
  letGo();
  letGo();
  await Promise.all(answers);
});

it("sends what is asked during the pause after a batch in the next one", async () => {
  const pauses: (() => void)[] = [];
  const breathe = () => new Promise<void>((resolve) => pauses.push(resolve));
  const { db, trips } = slowDatabase({ breathe });
  // Two pauses begin.
  await ask(db, 1);
  await ask(db, 2);
  const answers = [ask(db, 3)];
  await settle();
  answers.push(ask(db, 4));
  await settle();
  expect(trips).toHaveLength(2);
  pauses.shift()?.();
  await Promise.all(answers);
  expect(trips.map(({ statements }) => statements.length)).toEqual([1, 1, 2]);
});

it("asks identical questions once, and gives each caller rows of its own", async () => {
  const { db, trips, letGo } = heldDatabase();
  const answers = Promise.all([ask(db, 7), ask(db, 7), ask(db, 8)]);
  await settle();
  letGo();
  const [first, second] = await answers;
  expect(trips.map(({ statements }) => statements)).toEqual([
    [
      [N, 7],
      [N, 8],
    ],
  ]);
  expect(second).toEqual(first);
  expect(second.results[0]).not.toBe(first.results[0]);
});

it("does not take a number for the same text, nor two values for one", async () => {
  const { db, letGo } = heldDatabase();
  const sql = "SELECT typeof(?1) AS type, ?2 AS two";
  const all = [
    [1, null],
    ["1", null],
    ["1", ""],
    [`1","`, null],
  ].map((values) =>
    db
      .prepare(sql)
      .bind(...values)
      .all(),
  );
  await settle();
  letGo();
  expect((await Promise.all(all)).map(({ results }) => results[0])).toEqual([
    { type: "real", two: null },
    { type: "text", two: null },
    { type: "text", two: "" },
    { type: "text", two: null },
  ]);
});

it("never answers with a batch that was sent before the question came", async () => {
  const { db, trips, letGo } = heldDatabase();
  const answers: Promise<unknown>[] = [];
  for (let n = 0; n < 3; n += 1) {
    answers.push(ask(db, 1));
    await settle();
  }
  for (let n = 0; n < 3; n += 1) {
    letGo();
    await answers[n];
    await settle();
  }
  expect(trips).toHaveLength(3);
});

it("passes writes on at once and alone, with their options, while a batch of reads is under way", async () => {
  const { db, trips } = heldDatabase();
  for (const value of [1, 2, 3]) {
    void ask(db, value);
    await settle();
  }
  void db.batch([db.prepare(ADD)], { mayRepeat: true });
  void db.batch([db.prepare("SELECT 1"), db.prepare(ADD)]);
  void db.prepare(ADD).all();
  expect(trips.slice(2)).toEqual([
    { statements: [[ADD]], options: { mayRepeat: true } },
    { statements: [["SELECT 1"], [ADD]], options: {} },
    { statements: [[ADD]], options: {} },
  ]);
});

it("lets a replica answer a batch if it may answer one of the reads", async () => {
  const { db, trips, letGo } = heldDatabase();
  const answers = Promise.all([
    db.batch([db.prepare(N).bind(1)]),
    db.batch([db.prepare(N).bind(2)], { fromReplica: true }),
  ]);
  await settle();
  letGo();
  await answers;
  expect(trips[0]?.options).toEqual({ fromReplica: true });
});

it("runs the others alone if a statement fails", async () => {
  const { db, trips } = slowDatabase();
  const answers = await Promise.allSettled([
    ask(db, 1),
    db.batch([db.prepare(N).bind(2), db.prepare(FAILS).bind(1)]),
    ask(db, 3),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(trips.map(({ statements }) => statements.length)).toEqual([4, 1, 2, 1]);
  expect(await ask(db, 4)).toMatchObject({ results: [{ n: 0, asked: 4 }] });
});

it("fails together if the database failed for a moment: it has been tried again already", async () => {
  let failure: string | undefined = "D1_ERROR: D1 DB is overloaded. Too many requests queued.";
  const { db, trips } = slowDatabase({ failure: () => failure });
  const answers = await Promise.allSettled([ask(db, 1), ask(db, 2)]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(trips).toHaveLength(1);
  failure = undefined;
  expect(await ask(db, 3)).toMatchObject({ results: [{ n: 0 }] });
});

it("sends at most 40 statements together, and more only of one caller", async () => {
  const { db, trips } = slowDatabase();
  const many = (count: number, first: number) =>
    db.batch(Array.from({ length: count }, (_, at) => db.prepare("SELECT ?1").bind(first + at)));
  await Promise.all([many(20, 0), many(20, 100), many(1, 200), many(70, 300), many(5, 400)]);
  expect(trips.map(({ statements }) => statements.length)).toEqual([40, 1, 70, 5]);
});

it("sends statements with long answers apart, until their answers are short again", async () => {
  const { db, trips } = slowDatabase();
  const LONG = "SELECT hex(zeroblob(?1)) AS long, ?2 AS asked";
  const two = async (bytes: number) => {
    const before = trips.length;
    await Promise.all(
      [1, 2].map((value) =>
        db
          .prepare(LONG)
          .bind(bytes / 2, value)
          .all(),
      ),
    );
    return trips.length - before;
  };
  expect(await two(1_200_000)).toBe(1);
  expect(await two(1_200_000)).toBe(2);
  expect(await two(1000)).toBe(2);
  expect(await two(1000)).toBe(1);
});

type Step = { do: "read" | "twice" | "write" | "fail"; value: number };

const STEPS = fc.array(
  fc.record<Step>({
    do: fc.constantFrom("read", "read", "twice", "write", "fail"),
    value: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 6 },
);
const UNLUCKY = "D1_ERROR: no such luck";

it("answers like the database itself, in any order of calls, answers and failures", async () => {
  const failures = fc.array(fc.constantFrom(undefined, undefined, UNLUCKY), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(STEPS, { minLength: 1, maxLength: 5 }),
      failures,
      async (scheduler, callers, failures) => {
        const { db, trips } = slowDatabase({
          begin: () => scheduler.schedule(Promise.resolve(), "begin"),
          arrive: () => scheduler.schedule(Promise.resolve(), "arrive"),
          failure: () => failures.shift(),
        });
        const take = counting(db);
        const run = async (steps: Step[]) => {
          for (const step of steps) await take(step);
        };
        await scheduler.waitFor(Promise.all(callers.map(run)));
        for (const { statements } of trips) {
          const isWrite = statements.some(([sql]) => !isRead(String(sql)));
          // A write is alone, and nothing is asked twice in one trip.
          const most = isWrite ? 1 : new Set(statements.map((one) => JSON.stringify(one))).size;
          expect(statements).toHaveLength(most);
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** Returns a function that takes a step, and throws if the answer is not one that the database itself may give. */
function counting(db: Database): (step: Step) => Promise<void> {
  let acknowledged = 0;
  let begun = 0;
  const asked = (value: number) => db.prepare(N).bind(value);
  const take = {
    read: (value: number) => read(async () => [await asked(value).all<Counted>()], [value]),
    twice: (value: number) =>
      read(() => db.batch<Counted>([asked(value), asked(value + 1)]), [value, value + 1]),
    async fail(value: number): Promise<void> {
      const failing = db.batch([asked(value), db.prepare(FAILS).bind(value)]);
      expect(await failing.then(() => "answered", String)).toMatch(/malformed JSON|no such luck/);
    },
    async write(): Promise<void> {
      begun += 1;
      const isDone = await db
        .prepare(ADD)
        .all()
        .then(() => true, isUnlucky);
      if (isDone) acknowledged += 1;
      else begun -= 1;
    },
  };

  async function read(ask: () => Promise<SqlResult<Counted>[]>, values: number[]): Promise<void> {
    const before = acknowledged;
    const results = await ask().catch(isUnlucky);
    if (results === false) return;
    expect(results.map(({ meta }) => meta)).toEqual(values.map(() => ({ rows_read: 2 })));
    const rows = results.flatMap((result) => result.results);
    expect(rows.map((row) => row.asked)).toEqual(values);
    // One transaction, in which everything was stored that was acknowledged before the read began.
    expect(new Set(rows.map(({ n }) => n)).size).toBe(1);
    expect(rows[0]?.n).toBeGreaterThanOrEqual(before);
    expect(rows[0]?.n).toBeLessThanOrEqual(begun);
    // No other caller has these rows.
    for (const row of rows) row.n = -1;
  }

  return ({ do: what, value }) => take[what](value);
}

function isUnlucky(error: unknown): false {
  expect(String(error)).toContain(UNLUCKY);
  return false;
}
