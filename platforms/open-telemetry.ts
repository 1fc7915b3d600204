/**
 * Records spans with OpenTelemetry and sends them to collectors. `tracing.ts` loads this file if there is one.
 */
import { instrument } from "@microlabs/otel-cf-workers";
import type { Context } from "@opentelemetry/api";
import { followAsyncWork } from "./async-context.ts";
import { isTraced } from "./http-span.ts";
import { invocationSpan, type LibrarySpan } from "./invocation-span.ts";
import type { Recorder } from "./recorder.ts";
import { sampledSpans, type SampledSpansOptions } from "./sampled-spans.ts";
import type { SpanRecorder } from "./span-recorder.ts";

followAsyncWork();

export function openTelemetryRecorder(options: SampledSpansOptions & { service: string }): Recorder {
  const { recorder, ...sampled } = sampledSpans(options);
  return {
    ...sampled,
    get isEmpty() {
      return sampled.isEmpty();
    },
    instrument: (handler, flush) => instrumented(handler, recorder, { service: options.service, flush }),
  };
}

/**
 * Lets the library record the root span of each invocation. Bindings are not wrapped: handlers import them from
 * "cloudflare:workers", so calls cost as much as without tracing.
 */
function instrumented<E, Q>(
  handler: ExportedHandler<E, Q>,
  recorder: SpanRecorder,
  { service, flush }: { service: string; flush: () => Promise<void> },
): ExportedHandler<E, Q> {
  const traced = instrument({ ...handler } as ExportedHandler<never, Q>, {
    service: { name: service },
    spanProcessors: {
      onStart: (span: LibrarySpan, _parent: Context) => {
        const { traceId, spanId } = span.spanContext();
        recorder.adopt(traceId, spanId);
      },
      onEnd: (span: LibrarySpan) => recorder.end(invocationSpan(span)),
      forceFlush: flush,
      shutdown: flush,
    },
    instrumentation: { instrumentGlobalFetch: false, instrumentGlobalCache: false },
  }) as ExportedHandler<E, Q>;
  const { fetch } = handler;
  if (!fetch) return traced;
  return {
    ...traced,
    fetch: (request, env, ctx) =>
      ((isTraced(new URL(request.url).pathname) ? traced.fetch : undefined) ?? fetch)(request, env, ctx),
  };
}
