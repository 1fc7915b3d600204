/**
 * Brings a database to the schema that the code knows. Applied migrations are in the table `d1_migrations`, where
 * `wrangler d1 migrations apply` looks too.
 */
import type { Database } from "./database.ts";
import { splitSql } from "./split-sql.ts";

/** A file of migrations/. */
export interface Migration {
  /** Its file name, by which `d1_migrations` knows it. */
  name: string;
  sql: string;
}

export interface SchemaOptions {
  /** In their order. */
  migrations: readonly Migration[];
  /** Unix seconds. */
  now(): number;
  /** Waits some milliseconds. */
  pause(milliseconds: number): Promise<void>;
}

/** A failed migration is tried again when its lease has ended, and not with every request. */
const LEASE_SECONDS = 20;
const LOOK_MILLISECONDS = 250;
const LONGEST_WAIT = 10_000;

/** As wrangler creates it. */
const CREATE_APPLIED = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;
/** One row: until when, in Unix seconds, somebody applies migrations. */
const CREATE_LEASE =
  "CREATE TABLE IF NOT EXISTS migration_lease (id INTEGER PRIMARY KEY CHECK (id = 1), until INTEGER NOT NULL)";
const TAKE_LEASE = `INSERT INTO migration_lease (id, until) VALUES (1, ?1)
ON CONFLICT (id) DO UPDATE SET until = excluded.until WHERE until <= ?2
RETURNING until`;

/**
 * Applies the migrations that are missing, and returns the names of those that are applied but not known: if there are any,
 * the schema is newer than the code, and nothing is applied. Reads one small table if nothing is missing.
 *
 * Many may call it at once: one applies, and the others wait for it. Each migration is one transaction that also records it.
 * Rejects if a migration fails, or if somebody else is not finished after ten seconds.
 */
export async function updateSchema(
  db: Database,
  { migrations, now, pause }: SchemaOptions,
): Promise<string[]> {
  for (let waited = 0; ; waited += LOOK_MILLISECONDS) {
    const applied = await appliedMigrations(db);
    const missing = migrations.filter(({ name }) => !applied.has(name));
    const unknown = [...applied].filter((name) => migrations.every((one) => one.name !== name));
    if (missing.length === 0 || unknown.length > 0) return unknown;
    if (await takeLease(db, now())) {
      for (const migration of missing) await applyMigration(db, migration);
      await db.prepare("UPDATE migration_lease SET until = 0").all();
    } else if (waited >= LONGEST_WAIT) {
      throw new Error("the database is being brought up to date; try again");
    } else await pause(LOOK_MILLISECONDS);
  }
}

async function appliedMigrations(db: Database): Promise<Set<string>> {
  try {
    const { results } = await db.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
    return new Set(results.map(({ name }) => name));
  } catch (error) {
    // A new database. Any other failure is one.
    if (String(error).includes("no such table: d1_migrations")) return new Set();
    throw error;
  }
}

async function takeLease(db: Database, now: number): Promise<boolean> {
  const results = await db.batch([
    db.prepare(CREATE_APPLIED),
    db.prepare(CREATE_LEASE),
    db.prepare(TAKE_LEASE).bind(now + LEASE_SECONDS, now),
  ]);
  return results.at(-1)?.results.length === 1;
}

/**
 * Applies a migration, or finds it applied. Its name is unique and comes first: if two apply it at once, because a lease has
 * ended early, the transaction of the second fails before it changes anything.
 */
async function applyMigration(db: Database, { name, sql }: Migration): Promise<void> {
  const statements = splitSql(sql).map((statement) => db.prepare(statement));
  try {
    await db.batch([db.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(name), ...statements]);
  } catch (error) {
    if ((await appliedMigrations(db)).has(name)) return;
    throw new Error(`the migration ${name} failed: ${String(error)}`, { cause: error });
  }
}
