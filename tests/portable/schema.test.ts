/** The schema on node:sqlite. Each start has its own connection to one file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openSqlite } from "../../platforms/sqlite.ts";
import { schemaContract } from "../contract/schema.ts";
import { readMigrations } from "../../platforms/migration-files.ts";

schemaContract(async () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-schema-"));
  const open: { close(): void }[] = [];
  onTestFinished(() => {
    for (const db of open) db.close();
    rmSync(folder, { recursive: true });
  });
  return {
    connect() {
      const db = openSqlite(join(folder, "db.sqlite"));
      open.push(db);
      return db;
    },
    migrations: readMigrations(),
  };
});
