/** Sends messages to a queue, and counts those that it has taken. */
import type { Metrics } from "../../telemetry/metrics.ts";
import { queueBatches } from "./bundle.ts";

interface Message<T> {
  body: T;
  contentType: "json";
}

/** The part of a queue of Cloudflare that is used. */
export interface QueueProducer<T> {
  sendBatch(messages: Message<T>[], options?: { delaySeconds?: number }): Promise<unknown>;
}

/** Rejects if the queue refuses. Then it may have taken some of them. */
export async function sendAll<T>(
  queue: QueueProducer<T>,
  bodies: readonly T[],
  { metrics, delaySeconds }: { metrics: Metrics; delaySeconds?: number },
): Promise<void> {
  for (const batch of queueBatches([...bodies])) {
    const messages = batch.map((body): Message<T> => ({ body, contentType: "json" }));
    await queue.sendBatch(messages, delaySeconds === undefined ? undefined : { delaySeconds });
    metrics.add("queue_publish_counts", { source: "upstream" }, batch.length);
  }
}
