/** The relay Worker: WebSocket upgrades go to a hub, the rest is HTTP. */
import { env } from "cloudflare:workers";
import packageJson from "../package.json" with { type: "json" };
import { createHandler } from "../http/handler.ts";
import { withoutStackTraces } from "../http/mistake.ts";
import { unixSeconds, wait } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import { createWorkerIngest } from "../platforms/ingest.ts";
import { nativeVerify } from "../platforms/signature.ts";
import { report } from "../platforms/report.ts";
import { minuteJob } from "../platforms/minute-job.ts";
import { testAlert } from "../platforms/watch-relay.ts";
import type { Publication } from "../relay/live/switchboard.ts";
import { RateLimiter } from "../relay/limits/rate-limiter.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import { Dense } from "../store/dense.ts";
import { createEventTraces } from "../store/event-traces.ts";
import { readGauges } from "../store/gauges.ts";
import { readReadiness } from "../store/probe.ts";
import { shareBatches } from "../store/shared-batches.ts";
import { createModerationStore } from "../store/sql-moderation.ts";
import { createStore } from "../store/sql-store.ts";
import { measure } from "../store/store-size.ts";
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
const dense = new Dense();
const store = createStore(db, size, dense);

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

const answer = createHandler({
  config,
  spendLimit,
  version: packageJson.version,
  open() {
    const shared = shareBatches(db, telemetry);
    return {
      store: createStore(shared, size, dense),
      moderation: createModerationStore(shared),
      measure: () => measure(shared),
      readGauges: () => readGauges(shared, unixSeconds()),
      readReadiness: () => readReadiness(shared),
    };
  },
  size,
  management: {
    verify: nativeVerify,
    announce: () => announceModeration(),
    testAlert: () => testAlert({ config, db, size, telemetry, send: publish }),
    pause: wait,
  },
  createIngest: (access) =>
    createWorkerIngest({
      source: "http",
      config,
      access,
      store,
      traces: createEventTraces(db),
      telemetry,
      send: publish,
    }),
  openStream: (request, asked) => calling(() => openStream(request, asked)),
  metrics: telemetry.metrics,
  limiter,
  addressOf: clientAddress,
  refuseFlood: (request) => refuseFlood(request, "http"),
  clock: { now: unixSeconds, wait },
  figures: async () => calling(() => theCounters().figures()),
  stats: async (range) => calling(() => theCounters().stats(range)),
  countedInPublic: async () => calling(() => theCounters().publicFigures()),
  report,
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
