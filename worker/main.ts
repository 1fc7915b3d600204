/** The relay Worker: WebSocket upgrades go to a hub, the rest is HTTP. */
import { env } from "cloudflare:workers";
import packageJson from "../package.json" with { type: "json" };
import { createApp } from "../http/app.ts";
import { createTelemetry, instrumented, report } from "../platforms/workers.ts";
import { sweep } from "../relay/sweep.ts";
import { Toll } from "../relay/toll.ts";
import { createStore } from "../store/sql-store.ts";
import { prometheusText } from "../telemetry/export.ts";
import { configOf } from "./config.ts";
import { connectToHub } from "./connect.ts";
import { createHttpDoor } from "./http-door.ts";
import { managementOf, moderatorFor } from "./moderation.ts";
import { telemetryOptions } from "./telemetry.ts";

export { CountersObject } from "./counters-object.ts";
export { HubObject } from "./hub-object.ts";
export { SwitchboardObject } from "./switchboard-object.ts";

const config = configOf(env);
const options = telemetryOptions(env, config);
const telemetry = createTelemetry(options);
const app = createApp();
const now = () => Math.floor(Date.now() / 1000);
/** For HTTP, as long as this isolate lives: an isolate is soon gone, and there are many. */
const toll = new Toll({
  config,
  now,
  memory: { debts: () => [], keepDebts: () => undefined },
  spared: (seconds) => {
    telemetry.metrics.add("clients_spared_counts", "http");
    report(`dry run: RATE_LIMIT would have made a client wait ${seconds} s`);
  },
});

const handler: ExportedHandler<RelayEnv> = {
  async fetch(request, _env, ctx) {
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket")
      return connectToHub(request, env.HUB, config);
    const moderator = await moderatorFor(env, config);
    const response = await app.fetch(request, {
      config: moderator.moderation?.config ?? config,
      version: packageJson.version,
      store: createStore(env.DB),
      ingest: createHttpDoor(env, config, telemetry, moderator),
      moderator,
      management: managementOf(env),
      metrics: telemetry.metrics,
      toll,
      now,
      metricsText: async () => prometheusText(await env.COUNTERS.getByName("counters").read()),
      report,
    });
    ctx.waitUntil(telemetry.flush());
    return response;
  },

  async scheduled(_controller, _env, ctx) {
    const { metrics, tracer } = telemetry;
    await sweep({ store: createStore(env.DB), now, metrics, tracer });
    ctx.waitUntil(telemetry.flush());
  },
};

export default instrumented(handler, telemetry, options);
