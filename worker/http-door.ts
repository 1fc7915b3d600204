/** The one door for what comes by HTTP: commits here, and tells the switchboard. */
import { verifySignature } from "../nostr/signature.ts";
import { report, type Telemetry } from "../platforms/workers.ts";
import { createDoor, publishThrough } from "../relay/door.ts";
import type { Config } from "../relay/config.ts";
import type { Ingest } from "../relay/ingest.ts";
import type { Moderator } from "../relay/moderator.ts";
import { createStore } from "../store/sql-store.ts";

export function createHttpDoor(
  env: RelayEnv,
  config: Config,
  telemetry: Telemetry,
  moderator: Moderator,
): Ingest {
  return createDoor({
    door: "http",
    moderator,
    config,
    store: createStore(env.DB),
    verify: verifySignature,
    now: () => Math.floor(Date.now() / 1000),
    publish: publishThrough({
      send: (publications) => env.SWITCHBOARD.getByName("switchboard").publish(publications),
      pause: (milliseconds) => scheduler.wait(milliseconds),
      report,
    }),
    report,
    metrics: telemetry.metrics,
    tracer: telemetry.tracer,
  });
}
