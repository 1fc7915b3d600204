import { env } from "cloudflare:workers";
import { createStore } from "../../../store/sql-store.ts";
import { storeContract } from "../../contract/store.ts";

storeContract(
  "D1",
  async () => {
    await env.DB.batch(["event", "tombstone"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
    return { store: createStore(env.DB), teardown: async () => undefined };
  },
  { filters: 1000 },
);
