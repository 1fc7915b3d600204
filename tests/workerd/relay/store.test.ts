/** Runs the contracts of the stores on D1. */
import { env } from "cloudflare:workers";
import { meteredDatabase } from "../../../store/metered-database.ts";
import { createModerationStore } from "../../../store/sql-moderation.ts";
import { createStore } from "../../../store/sql-store.ts";
import { Counts } from "../../../telemetry/counts.ts";
import { moderationContract } from "../../contract/moderation.ts";
import { storeContract } from "../../contract/store.ts";

const TABLES = [
  "event",
  "tombstone",
  "vanishing",
  "deleting",
  "emptying",
  "expired_version",
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
  const counts = new Counts();
  const db = meteredDatabase(env.DB, counts, "http");
  return {
    store: createStore(db),
    moderation: createModerationStore(db),
    counts,
    teardown: async () => undefined,
  };
}

storeContract("D1", setup, { filters: 1000 });
moderationContract("D1", setup);
