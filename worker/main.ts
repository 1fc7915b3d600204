/** The relay Worker: WebSocket upgrades go to a hub, the rest is HTTP. */
import { env } from "cloudflare:workers";
import { withoutStackTraces } from "../http/mistake.ts";
import { unixSeconds } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import { report } from "../platforms/report.ts";
import { minuteJob } from "../platforms/minute-job.ts";
import { createRelayHandler } from "../platforms/relay-handler.ts";
import type { Publication } from "../relay/live/switchboard.ts";
import { RateLimiter } from "../relay/limits/rate-limiter.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import { Dense } from "../store/walks/dense.ts";
import { shareBatches } from "../store/database/shared-batches.ts";
import { clientAddress } from "./client-address.ts";
import { createConnect, createHubs } from "./connect.ts";
import { database, size } from "./database.ts";
import { createFloodLimit } from "./flood-limit.ts";
import { announceModeration } from "./moderation.ts";
import { createOpenStream } from "./streams.ts";
import { theCounters, theSwitchboard } from "./objects.ts";
import { spendLimit, workerTelemetry } from "./telemetry.ts";
import { openProbeSocket } from "./probe-socket.ts";

export { CountersObject } from "./counters-object.ts";
export { HubObject } from "./hub-object.ts";
export { SwitchboardObject } from "./switchboard-object.ts";

const config = configOf(env);
const telemetry = workerTelemetry();
/** Limits HTTP requests and new connections in this isolate. Isolates are short-lived, and there are many. */
const limiter = new RateLimiter({
  config,
  spendLimit,
  now: unixSeconds,
  metrics: telemetry.metrics,
  source: "http",
  report,
});

const refuseFlood = createFloodLimit({ config, floods: env.FLOODS, metrics: telemetry.metrics, report });

const db = retryingD1(database, telemetry, "http");

/** Calls an object, which is billed. */
function calling<T>(call: () => T): T {
  telemetry.metrics.add("object_requests_total", { source: "http" });
  return call();
}

const hubs = createHubs({
  maxHubs: config.MAX_HUBS,
  byContinent: config.HUB_REGIONS === "continents",
});
const openStream = createOpenStream(hubs);

const publish = (publications: Publication[]) => calling(async () => theSwitchboard().publish(publications));

const answer = createRelayHandler({
  config,
  spendLimit,
  db,
  open: () => shareBatches(db, telemetry),
  dense: new Dense(),
  size,
  telemetry,
  send: publish,
  announce: announceModeration,
  openStream: (request, asked) => calling(() => openStream(request, asked)),
  limiter,
  addressOf: clientAddress,
  refuseFlood: (request) => refuseFlood(request, "http"),
  figures: async () => calling(() => theCounters().figures()),
  stats: async (range) => calling(() => theCounters().stats(range)),
  countedInPublic: async () => calling(() => theCounters().publicFigures()),
});

const connect = createConnect({
  hubs,
  limiter,
  refuseFlood: (request) => refuseFlood(request, "websocket"),
  capture: () => telemetry.capture(),
});

const handler: ExportedHandler<RelayEnv> = {
  fetch: withoutStackTraces(async (request: Request, _env: RelayEnv, ctx: ExecutionContext) => {
    const isWebSocket = request.headers.get("upgrade")?.toLowerCase() === "websocket";
    telemetry.metrics.add("invocations_total", { source: isWebSocket ? "websocket" : "http" });
    const response = await (isWebSocket ? connect(request) : answer(request));
    telemetry.flush((work) => ctx.waitUntil(work));
    return response;
  }, report),

  async scheduled({ scheduledTime }, _env, ctx) {
    const deps = {
      config,
      db: database,
      size,
      telemetry,
      send: publish,
      connect: (address: string) => openProbeSocket(connect, address),
      state: {
        read: async () => theCounters().readAlerts(),
        save: async (text: string) => theCounters().saveAlerts(text),
      },
      readSpending: async () => theCounters().spending(),
    };
    await minuteJob(deps, scheduledTime).finally(() => telemetry.flush((work) => ctx.waitUntil(work)));
  },
};

export default telemetry.instrument(handler);
