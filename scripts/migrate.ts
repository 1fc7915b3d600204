/** Brings a D1 database up to date, and notes it in the table where wrangler does. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { unstable_splitSqlQuery } from "wrangler";

interface D1 {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}

interface Statement {
  bind(...values: string[]): Statement;
  all(): Promise<{ results: unknown[] }>;
}

const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;

/** Each file is applied whole or not at all. */
export async function migrate(db: unknown, folder: string): Promise<void> {
  const d1 = db as D1;
  await d1.prepare(TABLE).all();
  const { results } = await d1.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map((row) => (row as { name: string }).name));
  const files = (await readdir(folder))
    .filter((file) => file.endsWith(".sql") && !applied.has(file))
    .toSorted();
  for (const file of files) {
    const statements = unstable_splitSqlQuery(await readFile(join(folder, file), "utf8"));
    await d1.batch([
      ...statements.map((sql) => d1.prepare(sql)),
      d1.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(file),
    ]);
  }
}
