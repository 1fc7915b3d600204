/** The stores on D1, as every platform runs their contracts. */
import { env } from "cloudflare:workers";
import { createModerationStore } from "../../../store/moderation.ts";
import { createStore } from "../../../store/sql-store.ts";
import { moderationContract } from "../../contract/moderation.ts";
import { storeContract } from "../../contract/store.ts";

const TABLES = [
  "event",
  "tombstone",
  "vanishing",
  "counter",
  "moderation",
  "setting",
  "role",
  "role_member",
  "audit",
  "used_authorization",
];

async function setup() {
  await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
  return {
    store: createStore(env.DB),
    moderation: createModerationStore(env.DB),
    teardown: async () => undefined,
  };
}

storeContract("D1", setup, { filters: 1000 });
moderationContract("D1", setup);
