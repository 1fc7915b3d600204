/** The contract of `updateSchema`, for D1 and node:sqlite. */
import { expect, it, vi } from "vitest";
import { currentDatabase } from "../../store/database/current-database.ts";
import { type Database, ReadOnlyError, type Statement } from "../../store/database/database.ts";
import { type Migration, type SchemaOptions, updateSchema } from "../../store/database/schema.ts";

export interface SchemaSetup {
  /** Opens another connection to one database, which is empty at first. */
  connect(): Database;
  migrations: readonly Migration[];
}

const BROKEN: Migration = { name: "9998_broken.sql", sql: "CREATE TABLE half (a); CREATE TABLE half (b);" };
const NEXT: Migration = { name: "9999_next.sql", sql: "ALTER TABLE event ADD COLUMN next TEXT;" };

const RECORD = "INSERT INTO d1_migrations";

export function schemaContract(setup: () => Promise<SchemaSetup>): void {
  const options = (
    migrations: readonly Migration[],
    changes: Partial<SchemaOptions> = {},
  ): SchemaOptions => ({
    migrations,
    now: () => 1_700_000_000,
    pause: () => new Promise((resolve) => setTimeout(resolve, 1)),
    ...changes,
  });

  it("applies every migration to an empty database, and then reads one table", async () => {
    const { connect, migrations } = await setup();
    const db = connect();
    expect(await updateSchema(db, options(migrations))).toEqual([]);
    expect(await namesOf(db)).toEqual(migrations.map(({ name }) => name));
    const prepare = vi.spyOn(db, "prepare");
    expect(await updateSchema(db, options(migrations))).toEqual([]);
    expect(prepare.mock.calls).toEqual([["SELECT name FROM d1_migrations"]]);
  });

  it("applies only what is missing", async () => {
    const { connect, migrations } = await setup();
    const db = connect();
    await updateSchema(db, options(migrations.slice(0, 3)));
    await updateSchema(db, options(migrations));
    expect(await namesOf(db)).toEqual(migrations.map(({ name }) => name));
  });

  it("lets one apply the migrations when many start at once, and the others wait", async () => {
    const { connect, migrations } = await setup();
    const connections = Array.from({ length: 12 }, connect);
    const spies = connections.map((db) => vi.spyOn(db, "prepare"));
    const ended = await Promise.all(connections.map((db) => updateSchema(db, options(migrations))));
    expect(ended).toEqual(connections.map(() => []));
    expect(await namesOf(connect())).toEqual(migrations.map(({ name }) => name));
    const applied = spies.flatMap(({ mock }) => mock.calls).filter(([sql]) => sql.startsWith(RECORD));
    expect(applied).toHaveLength(migrations.length);
  });

  it("applies each migration once even if every lease ends too early", async () => {
    const { connect, migrations } = await setup();
    const now = endlessly();
    const starts = Array.from({ length: 12 }, () => updateSchema(connect(), options(migrations, { now })));
    expect(await Promise.all(starts)).toEqual(starts.map(() => []));
    expect(await namesOf(connect())).toEqual(migrations.map(({ name }) => name));
  });

  it("applies a migration whole or not at all, and tries it again when the lease has ended", async () => {
    const { connect, migrations } = await setup();
    const db = connect();
    const broken = [...migrations, BROKEN];
    await expect(updateSchema(db, options(broken))).rejects.toThrow(
      /^the migration 9998_broken.sql failed: /,
    );
    await expect(db.prepare("SELECT * FROM half").all()).rejects.toThrow("no such table: half");
    // Until the lease ends, others get the answer to try again.
    await expect(updateSchema(db, options(broken))).rejects.toThrow("brought up to date; try again");
    const mended = [...migrations, { ...BROKEN, sql: "CREATE TABLE half (a);" }];
    expect(await updateSchema(db, options(mended, { now: () => 1_700_000_020 }))).toEqual([]);
    expect(await namesOf(db)).toEqual(mended.map(({ name }) => name));
  });

  it("refuses to write to a newer schema, and goes on reading", async () => {
    const { connect, migrations } = await setup();
    await updateSchema(connect(), options([...migrations, NEXT]));
    const db = currentDatabase(connect(), options(migrations));
    const count = db.prepare("SELECT count(*) AS events FROM event");
    expect((await count.all()).results).toEqual([{ events: 0 }]);
    const write = db.prepare("DELETE FROM event WHERE seq = ?1").bind(1);
    for (const run of [() => write.all(), () => db.batch([count, write])]) {
      await expect(run()).rejects.toThrow(ReadOnlyError);
      await expect(run()).rejects.toThrow("a newer schema (9999_next.sql)");
    }
    // It does not apply its own migration either, which may not fit the newer schema.
    const other = [...migrations, { name: "9997_other.sql", sql: "CREATE TABLE other (a)" }];
    expect(await updateSchema(connect(), options(other))).toEqual(["9999_next.sql"]);
    await expect(db.prepare("SELECT * FROM other").all()).rejects.toThrow("no such table: other");
  });

  it("is brought up to date by the first statement, whatever it is, and never looked at again", async () => {
    const { connect, migrations } = await setup();
    const inner = connect();
    const db = currentDatabase(inner, options(migrations));
    const firsts = await Promise.all([
      db.prepare("SELECT count(*) AS n FROM event").all(),
      db.batch([db.prepare("SELECT count(*) AS n FROM tag")]),
      db.prepare("DELETE FROM vanishing WHERE until = ?1").bind(1).all(),
    ]);
    expect(firsts[0]?.results).toEqual([{ n: 0 }]);
    const prepare = vi.spyOn(inner, "prepare");
    await db.prepare("SELECT 1").all();
    expect(prepare.mock.calls).toEqual([["SELECT 1"]]);
  });

  it("rejects with the database's own error when that fails, and tries again with the next statement", async () => {
    const { connect, migrations } = await setup();
    const inner = connect();
    const db = currentDatabase(inner, options(migrations));
    const count = () => db.prepare("SELECT count(*) AS n FROM event").all();
    const broken: Statement = {
      bind: () => broken,
      all: () => Promise.reject(new Error("Network connection lost")),
    };
    const prepare = vi.spyOn(inner, "prepare").mockReturnValue(broken);
    await expect(count()).rejects.toThrow("Network connection lost");
    prepare.mockRestore();
    expect((await count()).results).toEqual([{ n: 0 }]);
  });
}

/** Returns a clock that advances by more than a lease with each call. */
function endlessly(): () => number {
  let now = 1_700_000_000;
  return () => (now += 1000);
}

async function namesOf(db: Database): Promise<string[]> {
  const { results } = await db.prepare("SELECT name FROM d1_migrations ORDER BY id").all<{ name: string }>();
  return results.map(({ name }) => name);
}
