/** The queues of `npm start`. They replace Miniflare's where these behave differently from Cloudflare's. */
import { readFile } from "node:fs/promises";

export const LOCAL_QUEUE = "tributary-local-queue";
/**
 * Pulls in one batch. Miniflare delivers one batch at a time, Cloudflare many at once, so a batch needs several pulls.
 */
const PULLS_AT_ONCE = 10;

/** The queues that are kept on disk. A message that one gives up goes to the next one. */
const EVENTS = "tributary-events";
const DEAD = "tributary-dead";

/** What the runtime makes of a consumer in wrangler.toml. */
export interface QueueLimits {
  maxBatchSize: number;
  maxRetries: number;
  deadLetterQueue?: string;
}

interface QueueOptions {
  queueProducers: Record<string, unknown>;
  queueConsumers: Record<string, QueueLimits>;
}

/** Returns the limits of the queues of `localQueueWorker`, from the options of the aggregator. */
export function limitsOf(aggregator: object): Record<string, QueueLimits> {
  const { queueConsumers } = aggregator as QueueOptions;
  const limits = Object.entries(queueConsumers)
    .filter(([name]) => name === EVENTS || name === DEAD)
    .map(([name, { maxBatchSize, maxRetries, deadLetterQueue }]): [string, QueueLimits] => [
      name,
      // A binding has no undefined values.
      { maxBatchSize, maxRetries, ...(deadLetterQueue !== undefined && { deadLetterQueue }) },
    ]);
  return Object.fromEntries(limits);
}

/** Returns the aggregator's options with the queues of `localQueueWorker`. */
export function withLocalQueues<Options extends object>(aggregator: Options) {
  const { queueProducers, queueConsumers } = aggregator as Options & QueueOptions;
  const { EVENTS: _events, ...otherProducers } = queueProducers;
  const {
    [EVENTS]: _consumer,
    [DEAD]: _deadConsumer,
    "tributary-pulls": pulls,
    ...otherConsumers
  } = queueConsumers;
  return {
    ...aggregator,
    queueProducers: otherProducers,
    queueConsumers: { ...otherConsumers, "tributary-pulls": { ...pulls, maxBatchSize: PULLS_AT_ONCE } },
    serviceBindings: { EVENTS: { name: LOCAL_QUEUE, entrypoint: "Producer" } },
  };
}

export async function localQueueWorker(limits: Record<string, QueueLimits>) {
  const contents = await readFile(new URL("./queue-worker.js", import.meta.url), "utf8");
  return {
    name: LOCAL_QUEUE,
    compatibilityDate: "2026-10-01",
    compatibilityFlags: ["service_binding_extra_handlers"],
    modules: [{ type: "ESModule", path: "main.js", contents }],
    bindings: { LIMITS: limits },
    durableObjects: {
      QUEUE: { className: "LocalQueueObject", useSQLite: true, unsafePreventEviction: true },
    },
    serviceBindings: { AGGREGATOR: "tributary-aggregator" },
  };
}
