import { meteredDatabase } from "../../store/database/metered-database.ts";
import { Counts } from "../../telemetry/counts.ts";
import { createShardedModerationStore } from "../../store/shards/sharded-moderation.ts";
import { moderationContract } from "../contract/moderation.ts";
import { upstreamsContract } from "../contract/upstreams.ts";
import { storeContract } from "../contract/store.ts";
import { severalSqlites, shardedStore } from "../fixtures/shards.ts";

storeContract(
  "four databases",
  async () => {
    const databases = severalSqlites(4);
    const counts = new Counts();
    const metered = databases.map((db) => meteredDatabase(db, counts, "http"));
    const { store } = shardedStore(metered);
    return { store, counts, teardown: async () => databases.forEach((db) => db.close()) };
  },
  { filters: Number(process.env.FILTERS ?? 300) },
);

moderationContract("four databases", moderationSetup);
upstreamsContract("four databases", moderationSetup);

async function moderationSetup() {
  const databases = severalSqlites(4);
  const { store } = shardedStore(databases);
  const moderation = createShardedModerationStore(databases, store);
  return { store, moderation, teardown: async () => databases.forEach((db) => db.close()) };
}
