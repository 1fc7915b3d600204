import { expect, it, vi } from "vitest";
import { noPause } from "../../tests/fixtures/no-pause.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { createStore } from "./sql-store.ts";

it("says what was stored and why the rest was not, even if the database is gone right after the commit", async () => {
  const db = migratedSqlite();
  const known = signedEvent({ content: "known" });
  await createStore(db).commit([known, signedEvent({ kind: 0, created_at: 1_700_000_009 })]);
  const store = createStore({
    prepare: (sql) => db.prepare(sql),
    async batch(statements) {
      const results = await db.batch<never>(statements);
      db.close();
      return results;
    },
  });
  const { fates } = await store.commit([signedEvent(), known, signedEvent({ kind: 0 })]);
  expect(fates.map(({ kind }) => kind)).toEqual(["stored", "duplicate", "superseded"]);
});

it("[25] [29] of somebody who has vanished no expired versions are remembered", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const [gone, later] = [1_700_000_000, 1_700_000_060].map((created_at, kind) =>
    signedEvent({ kind: 10_000 + kind, created_at, tags: [["expiration", "1700000070"]] }),
  );
  await store.commit([gone!, later!]);
  await store.removeExpired(1_700_000_070, 10);
  const remembered = async () => (await db.prepare("SELECT kind FROM expired_version").all()).results;
  expect(await remembered()).toEqual([{ kind: 10_000 }, { kind: 10_001 }]);
  await store.commit([signedEvent({ kind: 62, created_at: 1_700_000_050, tags: [["relay", "ALL_RELAYS"]] })]);
  await store.removeVanished(gone!.pubkey, noPause);
  expect(await remembered()).toEqual([{ kind: 10_001 }]);
  expect((await store.commit([gone!])).fates).toEqual([{ kind: "deleted" }]);
  db.close();
});

it("sends the text of an event once, and of the others nothing to replace versions", async () => {
  const sent: unknown[] = [];
  const db = migratedSqlite();
  const store = createStore({
    ...db,
    prepare(sql) {
      const statement = db.prepare(sql);
      return Object.assign(statement, {
        bind(...values: never[]) {
          sent.push(...values);
          return db.prepare(sql).bind(...values);
        },
      });
    },
  });
  const note = signedEvent({ content: "pelican" });
  const { fates } = await store.commit([note, signedEvent({ kind: 10_002, created_at: 5 })]);
  expect(fates.map(({ kind }) => kind)).toEqual(["stored", "stored"]);
  // In the event, and in the search index.
  expect(sent.join("").split("pelican")).toHaveLength(3);
  // To store it, to index its text, to adopt it, and to say why it was not stored.
  expect(sent.filter((value) => String(value).includes(note.id))).toHaveLength(4);
  db.close();
});

it("[7] whether a long event has been deleted is asked without its text", async () => {
  const db = migratedSqlite();
  const parameters: number[] = [];
  const store = createStore({
    prepare: (sql) => {
      const statement = db.prepare(sql);
      const bind = statement.bind.bind(statement);
      statement.bind = (...values) => {
        parameters.push(String(values[0]).length);
        return bind(...values);
      };
      return statement;
    },
    batch: (statements) => db.batch(statements),
  });
  const normalize = vi.spyOn(String.prototype, "normalize");
  const event = signedEvent({
    kind: 20_001,
    content: "words ".repeat(1000),
    tags: [["title", "words ".repeat(1000)]],
  });
  expect(await store.isDeleted(event)).toBe(false);
  expect(normalize).not.toHaveBeenCalled();
  normalize.mockRestore();
  expect(parameters).toEqual([expect.any(Number)]);
  expect(parameters[0]).toBeLessThan(300);
  db.close();
});

it("moves the log beyond where it was known to end, if the database has been restored to an earlier state", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const [before, outdated] = [signedEvent({ content: "words" }), signedEvent({ kind: 0 })];
  await store.commit([before, outdated]);
  const profile = signedEvent({ kind: 0, created_at: outdated.created_at + 1 });
  const note = signedEvent({ content: "more words" });
  const deletion = signedEvent({ kind: 5, tags: [["e", before.id]] });
  const result = await store.commit([profile, note, deletion], { isPulled: false, head: 5000 });
  const last = 1_000_005_003;
  expect(result).toMatchObject({ last, unfinished: [] });
  expect(result.fates).toEqual([-2, -1, 0].map((at) => ({ kind: "stored", seq: last + at })));
  const { events } = await store.log(0, 10);
  expect(events.map(({ id }) => id)).toEqual([profile.id, note.id, deletion.id]);
  const found = await db.prepare("SELECT rowid FROM search WHERE search MATCH 'words'").all();
  expect(found.results).toEqual([{ rowid: last - 1 }]);
  const again = await store.commit([signedEvent({ content: "last" })], { isPulled: false, head: last });
  expect(again).toMatchObject({ prev: last, last: last + 1 });
  db.close();
});

it("does not move the log because its newest events were removed", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const { last } = await store.commit([signedEvent()]);
  db.exec("DELETE FROM event");
  const head = last;
  expect(await store.commit([signedEvent()], { isPulled: false, head })).toMatchObject({ prev: 0, last: 2 });
  db.close();
});
