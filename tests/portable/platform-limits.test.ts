/** Under the limits of D1: no event that was acknowledged is lost, and none is shown twice or never. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkDelivery } from "../fixtures/delivery.ts";
import { compareWithReference, DIFFERENTIAL_SETTINGS } from "../fixtures/differential.ts";
import { checkHistories, HISTORY_SETTINGS } from "../fixtures/histories.ts";
import { connect, eventsIn, openRelay } from "../fixtures/hubs.ts";
import {
  type LimitedDatabase,
  limitedDatabase,
  retriedLimitedDatabase,
} from "../fixtures/limited-database.ts";
import { ALICE, BOB, by, visitor } from "../fixtures/people.ts";
import { countAll, readAll } from "../fixtures/read-all.ts";
import { type ReplicatedSqlite, replicatedSqlite } from "../fixtures/replicated-sqlite.ts";
import { readFromReplicas } from "../../store/database/replicated-database.ts";
import { countEvents } from "../../store/counting/count.ts";
import { Dense } from "../../store/walks/dense.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { finish } from "../../store/work.ts";
import { queryOf } from "../contract/queries.ts";
import { seeded } from "../reference/generators.ts";
import type { WireFilter } from "../reference/matcher.ts";

const random = seeded(Number(process.env["SEED"] ?? 1));
const FEW = { requests: 25, stored: 60, live: 40 };
const runs = (usual: number) => Number(process.env["RUNS"] ?? usual);

describe("under the platform's limits", () => {
  it("any history ends as the model does", async () => {
    expect.hasAssertions();
    await checkHistories(runs(4), () => openRelay(HISTORY_SETTINGS, retriedLimitedDatabase({ random })));
  });

  it("every subscription has every event that it wants once", async () => {
    expect.hasAssertions();
    await checkDelivery(runs(15), () => retriedLimitedDatabase({ random }));
  });

  it("two hubs answer and deliver what the reference names", async () => {
    // More often than one call in twenty: of the few calls here, some must fail.
    const db = retriedLimitedDatabase({ random, failing: 0.2 });
    const relay = openRelay(DIFFERENTIAL_SETTINGS, db);
    const { delivered } = await compareWithReference(relay, FEW);
    expect(delivered).toBeGreaterThan(20);
    expect(db.counts.failed).toBeGreaterThan(5);
    relay.close();
  });
});

describe("a filter with a condition for every letter, in all steps of a read", () => {
  const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");
  const valuesOf = (letter: string) =>
    Array.from({ length: 5 }, (_, n) => `${n}`.repeat(/[ep]/.test(letter) ? 64 : 1));
  const conditions = Object.fromEntries(LETTERS.map((letter) => [`#${letter}`, valuesOf(letter)]));
  /** More than are written into the SQL one by one. */
  const MANY = Array.from({ length: 383 }, (_, n) => (n + 1).toString(16).padStart(64, "0"));
  const COUNT = 30;
  let db: LimitedDatabase;
  beforeEach(async () => {
    db = limitedDatabase({ random, failing: 0 });
    const tags = LETTERS.map((letter) => [letter, valuesOf(letter)[0]!]);
    const events = Array.from({ length: COUNT }, (_, n) => by(ALICE, { tags, content: `${n}` }));
    await createStore(db).commit(events);
  });
  afterEach(() => db.close());

  it.each<[string, WireFilter]>([
    ["a tag", { ...conditions, "#t": ["0"] }],
    ["an author", { ...conditions, authors: [ALICE] }],
    ["two authors", { ...conditions, authors: [ALICE, BOB] }],
    ["many authors", { ...conditions, authors: [ALICE, ...MANY], kinds: [1, 2, 3, 4, 5, 6] }],
    ["many ids of a tag and many authors", { authors: [ALICE, ...MANY], "#e": ["0".repeat(64), ...MANY] }],
  ])("fits into D1, by %s", async (_, wire) => {
    const query = queryOf(wire, COUNT);
    const { answers } = await readAll(createStore(db), [query]);
    expect(answers[0]!.events).toHaveLength(COUNT);
    expect(await countAll(createStore(db), [query])).toEqual({ count: COUNT, isEstimate: false });
    const records = await finish(createStore(db).records(query.filter, query.view, COUNT));
    expect(records.result).toHaveLength(40 * COUNT);
  });

  it("fits into D1 if the count is estimated", async () => {
    const query = queryOf({ ...conditions, authors: [ALICE, BOB], kinds: [1, 7], since: 1 }, COUNT);
    const bounds = { walk: 1, sample: 1000 };
    const { result } = await finish(countEvents(db, [query, query], new Dense(), bounds));
    expect(result).toMatchObject({ isEstimate: true });
  });
});

describe("with replicas that are as far behind as they can be", () => {
  const opened = (db: ReplicatedSqlite) => ({ ...db, ...readFromReplicas(db) });

  it("two hubs answer and deliver what the reference names", async () => {
    const db = replicatedSqlite();
    const relay = openRelay(DIFFERENTIAL_SETTINGS, opened(db));
    await compareWithReference(relay, FEW);
    expect(db.answered).toBeGreaterThanOrEqual(2 * FEW.requests);
    relay.close();
  });

  it("any history ends as the model does", async () => {
    let behind = 0;
    await checkHistories(runs(4), () => {
      const db = replicatedSqlite();
      const relay = openRelay(HISTORY_SETTINGS, opened(db));
      const close = () => {
        behind += db.behind;
        relay.close();
      };
      return { ...relay, close };
    });
    expect(behind).toBeGreaterThan(0);
  });

  it("an event that was acknowledged is in every answer from then on, at another hub too", async () => {
    const db = replicatedSqlite();
    const relay = openRelay({}, opened(db));
    const [writer, reader] = [visitor(connect(relay.hub("a"))), connect(relay.hub("b"))];
    for (const content of ["first", "second"]) {
      const note = by(ALICE, { content });
      expect(await writer.publish(note)).toEqual([true, ""]);
      await reader.say("REQ", content, { ids: [note.id] });
      expect(eventsIn(reader.take())).toEqual([[content, note.id]]);
      await reader.say("CLOSE", content);
    }
    expect(db.behind).toBe(2);
    relay.close();
  });
});

describe("the database of these tests", () => {
  let db: LimitedDatabase;
  beforeEach(() => void (db = limitedDatabase({ random, failing: 0, mostLooked: 10 })));
  afterEach(() => db.close());
  const one = () => db.prepare("SELECT 1 AS one").all();

  it("runs six calls at a time, and the others wait", async () => {
    const results = await Promise.all(Array.from({ length: 20 }, one));
    expect(results.map(({ results: rows }) => rows)).toEqual(results.map(() => [{ one: 1 }]));
    expect(db.counts).toMatchObject({ calls: 20, mostAtOnce: 6, mostWaiting: 14 });
  });

  it("ends a statement that looks at too many rows, and undoes its batch", async () => {
    const list = (length: number) => JSON.stringify(Array.from({ length }, (_, n) => n));
    const found = db.prepare("SELECT seq FROM event AS e WHERE e.seq IN (SELECT value FROM json_each(?1))");
    expect((await found.bind(list(10)).all()).results).toEqual([]);
    const mark = db.prepare("INSERT INTO vanishing (pubkey, until) VALUES (x'00', 1)");
    await expect(db.batch([mark, found.bind(list(11))])).rejects.toThrow("exceeded its CPU time limit");
    expect((await db.prepare("SELECT until FROM vanishing").all()).results).toEqual([]);
  });

  it("refuses what is too large", () => {
    const statement = db.prepare("SELECT ?1");
    expect(() => statement.bind("x".repeat(2_000_001))).toThrow("too big");
    expect(() => statement.bind("é".repeat(1_000_001))).toThrow("too big");
    expect(() => statement.bind(...Array.from({ length: 101 }, () => 1))).toThrow("too many");
    expect(() => db.prepare(`SELECT 1 -- ${"x".repeat(100_000)}`)).toThrow("too long");
  });

  it("fails for a moment, before or after, but only what may be repeated", async () => {
    const failing = limitedDatabase({ random, failing: 1 });
    const outcome = async (mayRepeat: boolean) => {
      const statement = failing.prepare("INSERT INTO vanishing (pubkey, until) VALUES (randomblob(32), 1)");
      const attempt = () =>
        failing.batch([statement], { mayRepeat }).then(
          () => "done",
          () => "failed",
        );
      return [await attempt(), await attempt(), await attempt()];
    };
    expect(await outcome(true)).toEqual(["failed", "failed", "done"]);
    expect(await outcome(false)).toEqual(["done", "done", "done"]);
    failing.close();
  });
});
