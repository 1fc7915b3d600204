/** The checks of a killed relay's disk find every kind of damage. */
import { countAll } from "../fixtures/read-all.ts";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { createStore } from "../../store/sql/sql-store.ts";
import { note, queryOf } from "../contract/queries.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";
import {
  countersKept,
  openEvents,
  openQueue,
  problemsOf,
  pulledOf,
  QUEUE_FOLDER,
  unfinished,
} from "./kill-checks.ts";
import { newLedger, ROOT } from "./kill-writers.ts";
import { temporaryFolder } from "./programs.ts";

const reactions = Array.from({ length: 120 }, (_, n) => note(n, { kind: 7, tags: [["e", ROOT]] }));
const version = note(50, { kind: 30_023, tags: [["d", "x"]] });
const expiring = note(60, { tags: [["expiration", "1000"]] });
const spoken = note(70, { content: "a heron, and a curlew" });
const gone = note(80);
const wrap = note(90, { kind: 1059, tags: [["p", "cd".repeat(32)]] });

/** Makes a disk and a ledger that agree, then damages the disk: by an SQL statement, or by an event that must be gone. */
async function aDisk(tamper: string) {
  const state = temporaryFolder();
  const folder = join(state, "d1/miniflare-D1DatabaseObject");
  mkdirSync(folder, { recursive: true });
  const db = migratedSqlite(join(folder, `${"0".repeat(64)}.sqlite`));
  const store = createStore(db);
  await store.commit([...reactions, version, expiring, spoken]);
  expect(await countAll(store, [queryOf({ kinds: [7], "#e": [ROOT] }, 0)])).toMatchObject({ count: 120 });
  const ledger = newLedger();
  for (const event of [...reactions, spoken]) ledger.kept.set(event.id, event);
  ledger.versions.set(`30023:${version.pubkey}:x`, version);
  ledger.expiring.set(expiring.id, 1000);
  ledger.gone.add(gone.id);
  ledger.vanished.set("cd".repeat(32), 100);
  const disk = () => openEvents(state);
  using before = disk();
  expect(problemsOf(before, ledger, 500)).toEqual([]);
  expect([countersKept(before), unfinished(before)]).toEqual([1, 0]);
  if (tamper === "deleted") await store.commit([gone]);
  else if (tamper === "vanished") await store.commit([wrap]);
  else db.exec(tamper);
  db.close();
  return { ledger, disk };
}

test.each([
  [`DELETE FROM event WHERE id = unhex('${reactions[3]!.id}')`, /^acknowledged, and lost: /],
  [`DELETE FROM event WHERE id = unhex('${expiring.id}')`, /^acknowledged, and lost before it expired/],
  [`DELETE FROM event WHERE kind = 30023`, /^0 versions of 30023:/],
  [`UPDATE event SET created_at = 49 WHERE kind = 30023`, /^an older version of 30023:/],
  ["deleted", /^deleted, and there: /],
  ["vanished", /^vanished, and there: /],
  [`DELETE FROM tag WHERE seq = 5`, /^1 rows of tags missing/],
  [`INSERT INTO tag VALUES (0, x'6500', 5, 6, 7)`, /^1 rows of tags too many/],
  [`UPDATE tag SET private = 1 WHERE seq = 5`, /^1 rows of tags missing/],
  [`UPDATE tag SET kind = 8 WHERE seq = 5`, /^1 rows of tags too many/],
  [`UPDATE counter SET events = events + 1`, /^1 counters that are wrong/],
  [`UPDATE counter SET registers = replace(registers, '0', '1')`, /registers that are wrong/],
  [`DELETE FROM search WHERE rowid = (SELECT max(seq) FROM event)`, /^0 texts are indexed, and 1 are stored/],
  [`INSERT INTO search (rowid, text) VALUES (9999, 'heron')`, /^2 texts are indexed, and 1 are stored/],
])("tampered with by %s, it is found", async (tamper, problem) => {
  const { ledger, disk } = await aDisk(tamper);
  using after = disk();
  expect(problemsOf(after, ledger, 500)).toContainEqual(expect.stringMatching(problem));
});

test("what was interrupted is counted", async () => {
  const { disk } = await aDisk(
    "INSERT INTO vanishing VALUES (x'01', 5); INSERT INTO deleting VALUES (x'02')",
  );
  using after = disk();
  expect(unfinished(after)).toBe(2);
});

test("what a cursor has passed must be stored or on the queue, and what is in a gap need not be yet", async () => {
  const state = temporaryFolder();
  const fileIn = (folder: string) => {
    mkdirSync(join(state, folder), { recursive: true });
    return join(state, folder, `${"0".repeat(64)}.sqlite`);
  };
  const db = migratedSqlite(fileIn("d1/miniflare-D1DatabaseObject"));
  const queue = new DatabaseSync(fileIn(QUEUE_FOLDER));
  queue.exec("CREATE TABLE message (body TEXT)");
  const [url, events] = ["ws://upstream/", [50, 40, 30, 20].map((time) => note(time))];
  const look = (addedAt?: Map<string, number>) => {
    using disk = openEvents(state);
    using waiting = openQueue(state);
    return pulledOf(disk, waiting, [{ url, events, ...(addedAt && { addedAt }) }]);
  };
  const lost = (at: number) => `passed by the cursor of ${url}, and lost: ${events[at]?.id}`;
  expect(look()).toEqual({ problems: [], unfinished: [url], running: 0, waiting: 0 });

  db.exec(`INSERT INTO upstream (url, leased_until) VALUES ('${url}', 5)`);
  expect(look()).toEqual({ problems: [], unfinished: [url], running: 1, waiting: 0 });

  const cursor = { version: 1, pulledTo: 45, pending: [{ since: 0, until: 30 }] };
  db.exec(`UPDATE upstream SET leased_until = 0, cursor = '${JSON.stringify(cursor)}'`);
  expect(look()).toEqual({ problems: [lost(1)], unfinished: [url], running: 0, waiting: 0 });

  db.exec(`UPDATE upstream SET cursor = '${JSON.stringify({ ...cursor, pending: [] })}'`);
  expect(look()).toEqual({ problems: [lost(1), lost(2), lost(3)], unfinished: [], running: 0, waiting: 0 });

  // What the upstream got since the last comparison is found by the next one.
  const addedAt = new Map(events.map(({ id }, at) => [id, 10 * at]));
  const compared = { ...cursor, pending: [], slices: { floor: 0, slices: [], at: 21 } };
  db.exec(`UPDATE upstream SET cursor = '${JSON.stringify(compared)}'`);
  expect(look(addedAt)).toEqual({ problems: [lost(1), lost(2)], unfinished: [url], running: 0, waiting: 0 });

  const bundle = { version: 1, upstream: url, events: events.slice(1, 3) };
  queue.prepare("INSERT INTO message VALUES (?)").run(JSON.stringify(bundle));
  await createStore(db).commit(events.slice(3));
  expect(look()).toEqual({ problems: [], unfinished: [], running: 0, waiting: 1 });
  db.close();
  queue.close();
});
