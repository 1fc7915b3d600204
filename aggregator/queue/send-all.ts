/** Sends messages to a queue, counts those that it has taken, and records a span for each batch. */
import { queueAttributes, type QueueName, queuePeer } from "../../telemetry/messaging.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { queueBatches } from "./bundle.ts";

interface Message<T> {
  body: T;
  contentType: "json";
}

/** The part of a queue of Cloudflare that is used. */
export interface QueueProducer<T> {
  sendBatch(messages: Message<T>[], options?: { delaySeconds?: number }): Promise<unknown>;
}

interface Sending {
  queue: QueueName;
  metrics: Metrics;
  tracer: Tracer;
  delaySeconds?: number;
}

/** Rejects if the queue refuses. Then it may have taken some of them. */
export async function sendAll<T>(
  producer: QueueProducer<T>,
  bodies: readonly T[],
  { queue, metrics, tracer, delaySeconds }: Sending,
): Promise<void> {
  for (const batch of queueBatches([...bodies])) {
    const messages = batch.map((body): Message<T> => ({ body, contentType: "json" }));
    const attributes = {
      ...queueAttributes(queue),
      "messaging.operation.type": "send",
      "messaging.batch.message_count": batch.length,
    };
    await tracer.span("send", { kind: "producer", peer: queuePeer(queue), attributes }, () =>
      producer.sendBatch(messages, delaySeconds === undefined ? undefined : { delaySeconds }),
    );
    metrics.add("queue_publish_counts", { source: "upstream" }, batch.length);
  }
}
