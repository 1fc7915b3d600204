/** A span for each invocation of a Worker's handlers. */
import { queueNamed } from "../telemetry/messaging.ts";
import type { Attributes, Tracer } from "../telemetry/tracing.ts";
import { answerInSpan } from "./http-span.ts";

/** Returns handlers that record a span for each invocation, and call `flush` after it. `flush` never rejects. */
export function traced<E, Q>(
  handler: ExportedHandler<E, Q>,
  tracer: Tracer,
  flush: () => Promise<void>,
): ExportedHandler<E, Q> {
  const { fetch, queue, scheduled } = handler;
  const flushed = async <T>(ctx: ExecutionContext, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } finally {
      ctx.waitUntil(flush());
    }
  };
  return {
    ...handler,
    ...(fetch && {
      fetch: (request, env, ctx) =>
        flushed(ctx, () => answerInSpan(tracer, request, async () => fetch(request, env, ctx))),
    }),
    ...(queue && {
      queue: (batch, env, ctx) =>
        flushed(ctx, () =>
          tracer.span("receive", { attributes: batchAttributes(batch) }, async () => queue(batch, env, ctx)),
        ),
    }),
    ...(scheduled && {
      scheduled: (controller, env, ctx) =>
        flushed(ctx, () => tracer.span("scheduled", SCHEDULED, async () => scheduled(controller, env, ctx))),
    }),
  };
}

const SCHEDULED = { attributes: { "faas.trigger": "timer" } };

function batchAttributes({ queue, messages }: MessageBatch): Attributes {
  return {
    "faas.trigger": "pubsub",
    ...queueNamed(queue),
    "messaging.operation.type": "receive",
    "messaging.batch.message_count": messages.length,
  };
}
