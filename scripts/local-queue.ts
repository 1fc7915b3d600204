/** The queues of `npm start`, where Miniflare's own do not do what Cloudflare's do. */
import { readFile } from "node:fs/promises";

export const LOCAL_QUEUE = "tributary-local-queue";
/** Miniflare delivers one batch of a queue after the other, Cloudflare many at once: so one batch holds several pulls. */
const PULLS_AT_ONCE = 10;

interface QueueOptions {
  queueProducers: Record<string, unknown>;
  queueConsumers: Record<string, object>;
}

/** The aggregator with events on the queue of `localQueueWorker`. */
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
  const contents = await readFile(new URL("local-queue-worker.js", import.meta.url), "utf8");
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
