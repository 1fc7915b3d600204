import { createModerationStore } from "../../store/moderation/sql-moderation.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { moderationContract } from "../contract/moderation.ts";
import { upstreamsContract } from "../contract/upstreams.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

moderationContract("node:sqlite", async () => setup(migratedSqlite()));
upstreamsContract("node:sqlite", async () => setup(migratedSqlite()));

/** A deployment adds columns while the Workers of the previous one still run. */
moderationContract("node:sqlite, with a column more in every table", setupWithColumns);
upstreamsContract("node:sqlite, with a column more in every table", setupWithColumns);

async function setupWithColumns() {
  const db = migratedSqlite();
  const tables = db
    .prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all<{ name: string }>();
  for (const { name } of (await tables).results) db.exec(`ALTER TABLE ${name} ADD COLUMN later TEXT`);
  return setup(db);
}

function setup(db: ReturnType<typeof migratedSqlite>) {
  return {
    store: createStore(db),
    moderation: createModerationStore(db),
    teardown: async () => db.close(),
  };
}
