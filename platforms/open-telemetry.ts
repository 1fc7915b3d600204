/**
 * Records spans with OpenTelemetry and sends them to collectors. `tracing.ts` loads this file if there is one.
 */
import { instrument } from "@microlabs/otel-cf-workers";
import type { Context } from "@opentelemetry/api";
import { setActiveTrace } from "../telemetry/active-trace.ts";
import { TailSampler } from "../telemetry/local-trace.ts";
import { slowSpans } from "../telemetry/slow-spans.ts";
import { followAsyncWork } from "./async-context.ts";
import type { Collector } from "./collectors.ts";
import { invocationSpan, type LibrarySpan } from "./invocation-span.ts";
import type { Recorder } from "./recorder.ts";
import { idOfActiveTrace, SpanRecorder } from "./span-recorder.ts";

interface OpenTelemetryOptions {
  service: string;
  collectors: readonly Collector[];
  /** From 0 to 1. The choice is made at the start of a trace and holds for all of its spans. */
  sampleRate: number;
  /** A trace that takes so long is sent although it was not sampled (`slowSpans`). */
  slowMilliseconds: number;
  dropped(spans: number): void;
}

followAsyncWork();
setActiveTrace(idOfActiveTrace);

export function openTelemetryRecorder(options: OpenTelemetryOptions): Recorder {
  const { service, collectors, sampleRate, slowMilliseconds, dropped } = options;
  const sampler = new TailSampler({
    send: (span) => {
      for (const collector of collectors) collector.send(span);
    },
    dropped,
    isSlow: slowSpans(slowMilliseconds),
  });
  const recorder = new SpanRecorder(sampler, sampleRate);
  return {
    tracer: recorder,
    capture: () => recorder.capture(),
    instrument: (handler, flush) => instrumented(handler, recorder, { service, flush }),
    get isEmpty() {
      return collectors.every(({ size }) => size === 0);
    },
    async flush() {
      await Promise.all(collectors.map((collector) => collector.flush()));
    },
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
      ((isTraced(request) ? traced.fetch : undefined) ?? fetch)(request, env, ctx),
  };
}

/** Machines ask for these all the time. */
function isTraced(request: Request): boolean {
  const { pathname } = new URL(request.url);
  return pathname !== "/metrics" && pathname !== "/health" && pathname !== "/health/ready";
}
