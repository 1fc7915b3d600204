import { meteredDatabase } from "../../store/database/metered-database.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { Counts } from "../../telemetry/counts.ts";
import { storeContract } from "../contract/store.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

storeContract(
  "node:sqlite",
  async () => {
    const db = migratedSqlite();
    const counts = new Counts();
    const store = createStore(meteredDatabase(db, counts, "http"));
    return { store, counts, teardown: async () => db.close() };
  },
  { filters: Number(process.env.FILTERS ?? 1000) },
);
