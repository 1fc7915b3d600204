/** The aggregator Worker: Cron leases upstreams that are due, one queue pulls them, the other ingests their events. */
import { env } from "cloudflare:workers";
import { configOf } from "../platforms/config.ts";
import { openD1 } from "../platforms/d1.ts";
import { loadTracing } from "../platforms/tracing.ts";
import { createTelemetry } from "../platforms/workers.ts";
import { SpendLimit } from "../relay/limits/spend-limit.ts";
import { sizedDatabase, StoreSize } from "../store/database/store-size.ts";
import type { Job } from "./aggregator.ts";
import { createAggregator } from "./create-aggregator.ts";
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
const size = new StoreSize(config.MAX_STORE_BYTES);

const { aggregator, live } = createAggregator({
  config,
  spendLimit,
  database: sizedDatabase(openD1(env.DB), size),
  size,
  telemetry,
  send: (publications) => {
    telemetry.metrics.add("object_requests_total", { source: "queue" });
    return switchboardOf(env.SWITCHBOARD, config.LOCATION).publish(publications);
  },
  jobs: env.PULLS,
  events: env.EVENTS,
  measured: [env.EVENTS, env.DEAD],
  connectWebSocket,
  follow: (order) => {
    telemetry.metrics.add("object_requests_total", { source: "upstream" });
    return env.LIVE.getByName(order.url).follow(order);
  },
});

/** One for each upstream in live mode, named after its address. */
export class LiveObject extends liveObject({
  ...live,
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
