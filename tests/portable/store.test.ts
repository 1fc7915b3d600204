import { createStore } from "../../store/sql-store.ts";
import { storeContract } from "../contract/store.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

storeContract(
  "node:sqlite",
  async () => {
    const db = migratedSqlite();
    return { store: createStore(db), teardown: async () => db.close() };
  },
  { filters: Number(process.env.FILTERS ?? 4000) },
);
