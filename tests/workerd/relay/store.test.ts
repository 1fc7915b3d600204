/** Runs the contracts of the stores on D1, and what only several databases ask of it. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { meteredDatabase } from "../../../store/database/metered-database.ts";
import { createShard } from "../../../store/shards/shard.ts";
import { createShardLog } from "../../../store/shards/shard-log.ts";
import { createModerationStore } from "../../../store/moderation/sql-moderation.ts";
import { createStore } from "../../../store/sql/sql-store.ts";
import { Counts } from "../../../telemetry/counts.ts";
import { moderationContract } from "../../contract/moderation.ts";
import { upstreamsContract } from "../../contract/upstreams.ts";
import { note } from "../../contract/queries.ts";
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
  "upstream",
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
upstreamsContract("D1", setup);

test("D1 gives positions of the log, and refuses a commit at positions that were given up", async () => {
  await setup();
  const [shard, log] = [createShard(env.DB), createShardLog(env.DB)];
  const { prev, last } = await log.reserve("one", 3, 0);
  expect(await log.reserve("one", 3, 0)).toEqual({ token: "one", prev, last });
  expect([await log.head(), last]).toEqual([prev, prev + 3]);
  await shard.commit([note(1)], { isPulled: false, positions: [prev + 1] });
  await shard.fence(prev + 2);
  const late = note(2, { kind: 0 });
  await expect(shard.commit([late], { isPulled: false, positions: [prev + 2] })).rejects.toThrow(/given up/);
  expect(await shard.known([late.id])).toEqual(new Set());
  await shard.commit([late], { isPulled: false, positions: [last] });
  expect(await log.release({ token: "one", prev, last }, last)).toEqual({ head: last, last });
  expect(await shard.last()).toBe(last);
});
