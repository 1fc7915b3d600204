import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { heldBy, pulledUpTo } from "../../tests/fixtures/pulls.ts";
import { beginPull, leaseDue, settlePull } from "../../aggregator/pull/schedule.ts";
import { type Failure, failingDatabase, TRANSIENT } from "../../tests/fixtures/failing-database.ts";
import { noPause } from "../../tests/fixtures/no-pause.ts";
import { ALICE, BOB, by, deletion } from "../../tests/fixtures/people.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { type Database, isRead } from "./database.ts";
import { createModerationStore } from "../moderation/sql-moderation.ts";
import { type RetryOptions, retryingDatabase } from "./retrying-database.ts";
import { createStore } from "../sql/sql-store.ts";
import { finish } from "../work.ts";

const NOW = 1_700_000_000;

let db: ReturnType<typeof migratedSqlite>;
beforeEach(() => {
  db = migratedSqlite();
});
afterEach(() => db.close());

function retrying(failing: Database, options: Partial<RetryOptions> = {}): Database {
  return retryingDatabase(failing, {
    random: () => 1,
    now: () => NOW,
    pause: noPause,
    retried: () => undefined,
    ...options,
  });
}

/** Returns a database that fails this often with the message, and a record of its calls and the pauses between them. */
function failTimes(times: number, message: string, options: Partial<RetryOptions> = {}) {
  const seen = { asked: 0, pauses: [] as number[], retried: 0 };
  const failing = failingDatabase(db, () => ((seen.asked += 1) <= times ? "before" : undefined), message);
  const asked = retrying(failing, {
    pause: async (milliseconds) => void seen.pauses.push(milliseconds),
    retried: () => void (seen.retried += 1),
    ...options,
  });
  return { seen, ask: () => asked.prepare("SELECT 1 AS one").all() };
}

describe("a read", () => {
  // https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
  it.each([
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
    "D1_ERROR: Can't read from request stream because client disconnected.",
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
    "D1_ERROR: internal error; reference = 0123abc",
  ])("is tried again after %s", async (message) => {
    const { seen, ask } = failTimes(1, message);
    expect(await ask()).toMatchObject({ results: [{ one: 1 }], meta: { total_attempts: 2 } });
    expect(seen).toMatchObject({ asked: 2, retried: 1 });
  });

  it.each([
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_ERROR: D1 DB's isolate exceeded its memory limit and was reset.",
    "D1_ERROR: D1 DB exceeded its CPU time limit and was reset.",
    "D1_ERROR: UNIQUE constraint failed: setting.name: SQLITE_CONSTRAINT",
    "D1_ERROR: no such table: event: SQLITE_ERROR",
    "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
  ])("is not tried again after %s", async (message) => {
    const { seen, ask } = failTimes(1, message);
    await expect(ask()).rejects.toThrow(message);
    expect(seen).toEqual({ asked: 1, pauses: [], retried: 0 });
  });

  it.each([
    [TRANSIENT, 1, [100, 400, 1600]],
    [TRANSIENT, 0, [50, 200, 800]],
    ["D1_ERROR: D1 DB is overloaded. Too many requests queued.", 1, [1000, 4000]],
  ])(
    "that keeps failing with %s (random: %d) fails after these pauses: %j",
    async (message, random, pauses) => {
      const { seen, ask } = failTimes(Infinity, message, { random: () => random });
      await expect(ask()).rejects.toThrow(message);
      expect(seen).toEqual({ asked: pauses.length + 1, pauses, retried: pauses.length });
    },
  );

  it.each([
    [TRANSIENT, 2],
    // After a pause of one second, the next attempt would start too late.
    ["D1_ERROR: D1 DB is overloaded. Too many requests queued.", 1],
  ])("that fails with %s is not tried again later than after ten seconds", async (message, times) => {
    let now = NOW;
    const slow = failTimes(Infinity, message, { now: () => (now += 9.5) });
    await expect(slow.ask()).rejects.toThrow(message);
    expect(slow.seen.asked).toBe(times);
  });
});

/** Makes the next calls fail like this. Later ones succeed. */
function inOrder(...failures: Failure[]): () => Failure {
  return () => failures.shift();
}

const view = { keys: [], now: NOW };
const filter = { tags: [] };
const note = by(ALICE, { content: "some words" });

describe("every read of a store is tried again", () => {
  it.each<[string, (db: Database) => Promise<unknown>]>([
    ["reading", (one) => finish(createStore(one).read([{ filter, view, limit: 10 }]))],
    [
      "searching",
      (one) => finish(createStore(one).read([{ filter: { ...filter, search: "some" }, view, limit: 10 }])),
    ],
    ["counting", (one) => finish(createStore(one).count([{ filter, view }]))],
    ["records", (one) => finish(createStore(one).records(filter, view, 10))],
    ["the log", (one) => createStore(one).log(0, 10)],
    ["known ids", (one) => createStore(one).known([note.id])],
    ["deletions", (one) => createStore(one).isDeleted(note)],
    ["unfinished deletions", (one) => createStore(one).unfinishedDeletions()],
    ["authors that vanish", (one) => createStore(one).vanishing()],
    ["the revision of moderation", (one) => createModerationStore(one).revision()],
    ["moderation", (one) => createModerationStore(one).load()],
    ["standings", (one) => createModerationStore(one).standings([ALICE])],
    ["a list", (one) => createModerationStore(one).list("banned-pubkey")],
    ["roles", (one) => createModerationStore(one).roles()],
    ["reports", (one) => createModerationStore(one).reportedEvents(NOW, 10)],
    ["the audit log", (one) => createModerationStore(one).auditLog(10)],
    ["keys to be emptied", (one) => createModerationStore(one).unemptied()],
  ])("%s", async (_, ask) => {
    await createStore(db).commit([note]);
    const expected = await ask(db);
    expect(await ask(retrying(failingDatabase(db, inOrder("before"))))).toEqual(expected);
  });
});

const old = by(ALICE, { kind: 0, created_at: NOW - 200, content: "old" });
const fresh = by(ALICE, { kind: 0, created_at: NOW - 100, content: "new" });
const gone = by(ALICE, { content: "gone" });
const expiring = by(ALICE, {
  kind: 30_000,
  tags: [
    ["d", "x"],
    ["expiration", `${NOW - 1}`],
  ],
});
const request = deletion(ALICE, [["e", gone.id]]);
const long = deletion(
  ALICE,
  [gone.id, ...Array.from({ length: 150 }, (_, n) => `${n}`.padStart(64, "0"))].map((id) => ["e", id]),
);
const vanish = by(ALICE, { kind: 62, tags: [["relay", "ALL_RELAYS"]] });
const reply = Array.from({ length: 120 }, (_, n) =>
  by(BOB, { kind: 7, tags: [["e", note.id]], created_at: NOW - 1000 - n }),
);
const audit = { at: NOW, pubkey: BOB, method: "m", params: [], outcome: "done" };

/** Writes. However often one is tried, the database must end in the same state. */
const WRITES: [
  string,
  before: (db: Database) => Promise<unknown>,
  write: (db: Database) => Promise<unknown>,
][] = [
  ["a commit", async () => undefined, (one) => createStore(one).commit([note, gone])],
  ["a new version", (one) => createStore(one).commit([old]), (one) => createStore(one).commit([fresh])],
  ["several versions", async () => undefined, (one) => createStore(one).commit([old, fresh])],
  [
    "a deletion",
    (one) => createStore(one).commit([gone, note]),
    (one) => createStore(one).commit([request, gone]),
  ],
  [
    "a long deletion",
    (one) => createStore(one).commit([gone, note]),
    async (one) => {
      await createStore(one).commit([long]);
      await createStore(one).finishDeletion(long.id, noPause);
    },
  ],
  [
    "a request to vanish",
    (one) => createStore(one).commit([gone, note]),
    async (one) => {
      await createStore(one).commit([vanish]);
      await createStore(one).removeVanished(ALICE, noPause);
    },
  ],
  [
    "a removal of what has expired",
    (one) => createStore(one).commit([expiring, note]),
    (one) => createStore(one).removeExpired(NOW, 10),
  ],
  [
    "a removal of what a banned key has published",
    async (one) => {
      await createStore(one).commit([gone, ...reply]);
      await createModerationStore(one).change([{ do: "empty", pubkey: ALICE }], audit);
    },
    (one) => createModerationStore(one).removeEventsOf(ALICE, noPause),
  ],
  [
    "a counter",
    (one) => createStore(one).commit([note, ...reply]),
    (one) =>
      finish(
        createStore(one).count([{ filter: { kinds: [7], tags: [{ name: "e", values: [note.id] }] }, view }]),
      ),
  ],
];

describe.each(WRITES)("what is written by %s", (_, before, write) => {
  async function contentsAfter(failures: (sql: string[]) => Failure): Promise<unknown> {
    const one = migratedSqlite();
    try {
      await before(one);
      await write(retrying(failingDatabase(one, failures)));
      return await contents(one);
    } finally {
      one.close();
    }
  }

  it.each<[string, Failure[]]>([
    ["before it is carried out", ["before"]],
    ["after it", ["after"]],
    ["three times", ["after", "before", "after"]],
  ])("is the same if each transaction fails %s", async (_, failures) => {
    expect(await contentsAfter(failingWrites(failures))).toEqual(await contentsAfter(() => undefined));
  });
});

/** Makes each batch that writes fail like this, and then succeed. */
function failingWrites(failures: Failure[]): (sql: string[]) => Failure {
  let failed = 0;
  return (sql) => {
    if (sql.every(isRead)) return undefined;
    const failure = failures[failed];
    failed = failure === undefined ? 0 : failed + 1;
    return failure;
  };
}

/** Returns the contents of all tables and of the search index. */
async function contents(one: Database): Promise<unknown> {
  const tables = await one
    .prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all<{ name: string }>();
  const all: Record<string, unknown> = {
    search: (await one.prepare("SELECT rowid FROM search ORDER BY rowid").all()).results,
  };
  for (const { name } of tables.results)
    all[name] = (await one.prepare(`SELECT * FROM ${name}`).all()).results;
  return all;
}

it("a commit whose answer was lost says that it is a second one", async () => {
  const store = createStore(retrying(failingDatabase(db, inOrder("after"))));
  expect(await store.commit([note])).toMatchObject({
    fates: [{ kind: "duplicate" }],
    prev: 1,
    last: 1,
    isRepeated: true,
  });
  expect(await store.commit([gone])).toMatchObject({ fates: [{ kind: "stored" }], isRepeated: false });
});

describe("is not tried again, because it may have been carried out:", () => {
  const [url] = ["wss://upstream.test/"];
  const result = pulledUpTo({ pending: [] });

  it.each<[string, (one: Database) => Promise<unknown>]>([
    ["a decision of an operator", (one) => createModerationStore(one).change([], audit)],
    ["the use of an authorization", (one) => createModerationStore(one).useAuthorization("a", NOW + 60, NOW)],
    ["a lease", (one) => leaseDue(one, [url!], NOW)],
    ["the beginning of a pull", (one) => beginPull(one, { url: url!, until: 1 }, NOW)],
    [
      "the end of a pull",
      (one) =>
        settlePull(one, heldBy({ url: url!, until: 1 }), result, { failures: 0, nextPull: NOW, now: NOW }),
    ],
  ])("%s", async (_, write) => {
    let asked = 0;
    const failing = failingDatabase(db, () => {
      asked += 1;
      return "after";
    });
    await expect(write(retrying(failing))).rejects.toThrow(new Error(TRANSIENT));
    expect(asked).toBe(1);
  });
});
