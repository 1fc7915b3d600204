import { createModerationStore } from "../../store/moderation.ts";
import { createStore } from "../../store/sql-store.ts";
import { moderationContract } from "../contract/moderation.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

moderationContract("node:sqlite", async () => {
  const db = migratedSqlite();
  return {
    store: createStore(db),
    moderation: createModerationStore(db),
    teardown: async () => db.close(),
  };
});
