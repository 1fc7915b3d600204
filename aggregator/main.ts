/** The aggregator Worker: Cron leases upstreams that are due, one queue pulls them, the other ingests their events. */
import { env } from "cloudflare:workers";
import { unixSeconds, wait } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import { nativeEventId } from "../platforms/event-id.ts";
import { openD1 } from "../platforms/d1.ts";
import { createWorkerIngest } from "../platforms/ingest.ts";
import { loadTracing } from "../platforms/tracing.ts";
import { report } from "../platforms/report.ts";
import { createTelemetry } from "../platforms/workers.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import { SpendLimit } from "../relay/limits/spend-limit.ts";
import { createEventTraces } from "../store/event-traces.ts";
import { createStore } from "../store/sql-store.ts";
import { sizedDatabase, StoreSize } from "../store/store-size.ts";
import { Aggregator, type Job } from "./aggregator.ts";
import { fetchAnnounced } from "./conversation/fetch-announced.ts";
import { connectWebSocket } from "./conversation/outgoing-socket.ts";
import { liveObject } from "./live/object.ts";
import { countersOf, switchboardOf } from "./relay-objects.ts";

const config = configOf(env);
const spendLimit = new SpendLimit(config);

const telemetry = createTelemetry({
  service: "aggregator",
  source: "upstream",
  createRecorder: await loadTracing(config),
  addCounts: async (counts) => spendLimit.hear(await countersOf(env.COUNTERS, config.LOCATION).add(counts)),
  analytics: env.ANALYTICS,
  // A batch of a queue may not be over before its invocation is, so none waits for more.
  counts: 0,
  gauges: () => {
    const { waiting } = aggregator;
    return waiting === undefined ? undefined : { of: "aggregator", values: { queue_messages: waiting } };
  },
  spansMilliseconds: 0,
});
const { metrics, tracer } = telemetry;
const size = new StoreSize(config.MAX_STORE_BYTES);
const database = sizedDatabase(openD1(env.DB), size);
const queueDatabase = retryingD1(database, telemetry, "queue");
const queueStore = createStore(queueDatabase, size);

const aggregator = new Aggregator({
  config,
  spendLimit,
  pullDatabase: retryingD1(database, telemetry, "upstream"),
  queueDatabase,
  queueStore,
  size,
  createIngest: (access) =>
    createWorkerIngest({
      source: "queue",
      config,
      access,
      store: queueStore,
      traces: createEventTraces(queueDatabase),
      telemetry,
      send: (publications) => {
        telemetry.metrics.add("object_requests_total", { source: "queue" });
        return switchboardOf(env.SWITCHBOARD, config.LOCATION).publish(publications);
      },
    }),
  eventId: nativeEventId,
  jobs: env.PULLS,
  events: env.EVENTS,
  measured: [env.EVENTS, env.DEAD],
  connectWebSocket,
  fetchAnnounced,
  follow: (order) => {
    telemetry.metrics.add("object_requests_total", { source: "upstream" });
    return env.LIVE.getByName(order.url).follow(order);
  },
  now: unixSeconds,
  milliseconds: Date.now,
  random: Math.random,
  pause: wait,
  report,
  metrics,
  tracer,
});

/** One for each upstream in live mode, named after its address. */
export class LiveObject extends liveObject({
  connect: connectWebSocket,
  createIntake: (options) => aggregator.createIntake(options),
  signerFor: (url) => aggregator.signerFor(url),
  now: unixSeconds,
  random: Math.random,
  metrics,
  tracer,
  flush: (background) => telemetry.flush(background),
}) {}

const handler: ExportedHandler<AggregatorEnv> = {
  async scheduled(_controller, _env, ctx) {
    telemetry.metrics.add("invocations_total", { source: "cron" });
    // This isolate may be new, and not know what is spent.
    if (config.SPEND_LIMIT > 0) await telemetry.sendCounts();
    await aggregator.minute();
    telemetry.flush((work) => ctx.waitUntil(work));
  },

  async queue(batch, _env, ctx) {
    telemetry.metrics.add("invocations_total", { source: "queue" });
    if (batch.queue.endsWith("-pulls")) {
      await Promise.all(
        batch.messages.map(async (message) => {
          await aggregator.run(message.body as Job);
          message.ack();
        }),
      );
    } else {
      await aggregator.consume(batch.messages, batch.queue.endsWith("-dead") ? "dead" : "events");
    }
    telemetry.flush((work) => ctx.waitUntil(work));
  },
};

export default telemetry.instrument(handler);
