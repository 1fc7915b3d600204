/** The queues of `npm start`. They replace Miniflare's where these behave differently from Cloudflare's. */
import { readFile } from "node:fs/promises";

export const LOCAL_QUEUE = "tributary-local-queue";
/**
 * Pulls in one batch. Miniflare delivers one batch at a time, Cloudflare many at once, so a batch needs several pulls.
 */
const PULLS_AT_ONCE = 10;

interface QueueOptions {
  queueProducers: Record<string, unknown>;
  queueConsumers: Record<string, object>;
}

/** Returns the aggregator's options with the events queue of `localQueueWorker`. */
export function withLocalQueues<Options extends object>(aggregator: Options) {
  const { queueProducers, queueConsumers } = aggregator as Options & QueueOptions;
  const { EVENTS: _events, ...otherProducers } = queueProducers;
  const { "tributary-events": _consumer, "tributary-pulls": pulls, ...otherConsumers } = queueConsumers;
  return {
    ...aggregator,
    queueProducers: otherProducers,
    queueConsumers: { ...otherConsumers, "tributary-pulls": { ...pulls, maxBatchSize: PULLS_AT_ONCE } },
    serviceBindings: { EVENTS: { name: LOCAL_QUEUE, entrypoint: "Producer" } },
  };
}

export async function localQueueWorker() {
  const contents = await readFile(new URL("./queue-worker.js", import.meta.url), "utf8");
  return {
    name: LOCAL_QUEUE,
    compatibilityDate: "2026-10-01",
    compatibilityFlags: ["service_binding_extra_handlers"],
    modules: [{ type: "ESModule", path: "main.js", contents }],
    durableObjects: {
      QUEUE: { className: "LocalQueueObject", useSQLite: true, unsafePreventEviction: true },
    },
    serviceBindings: { AGGREGATOR: "tributary-aggregator" },
  };
}
