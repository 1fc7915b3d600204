/**
 * Records spans with OpenTelemetry and sends them to a Zipkin collector. `tracing.ts` loads this file if there is one.
 */
import { instrument, SpanImpl } from "@microlabs/otel-cf-workers";
import { bytesToHex } from "@noble/hashes/utils.js";
import {
  context,
  isSpanContextValid,
  type SpanContext,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { routeName } from "../http/route-name.ts";
import { setActiveTrace } from "../telemetry/active-trace.ts";
import { errorType } from "../telemetry/span-attributes.ts";
import { SpanBuffer } from "../telemetry/span-buffer.ts";
import { formatTraceparent, parseTraceparent } from "../telemetry/traceparent.ts";
import type { Tracer } from "../telemetry/tracing.ts";
import { type EndedSpan, zipkinSpan } from "../telemetry/zipkin.ts";
import type { Recorder } from "./recorder.ts";
import { report } from "./report.ts";

interface OpenTelemetryOptions {
  service: string;
  zipkinUrl: string;
  /** From 0 to 1. The choice is made at the start of a trace and holds for all of its spans. */
  sampleRate: number;
  dropped(spans: number): void;
}

/** Maximum number of waiting spans. Then the oldest are dropped. */
const MOST_SPANS = 2000;
const COLLECTOR_MILLISECONDS = 5000;

export function openTelemetryRecorder(options: OpenTelemetryOptions): Recorder {
  const { service, zipkinUrl, sampleRate, dropped } = options;
  setActiveTrace(() => trace.getActiveSpan()?.spanContext().traceId);
  const spans = new SpanBuffer(MOST_SPANS, dropped);
  const keepSpan = (span: EndedSpan) => {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    spans.add(JSON.stringify(zipkinSpan(span, service)));
  };
  return {
    tracer: spanTracer(sampleRate, keepSpan),
    /**
     * Bindings are not wrapped: handlers import them from "cloudflare:workers", so calls cost as much as without tracing.
     */
    instrument: <E, Q>(handler: ExportedHandler<E, Q>, flush: () => Promise<void>) =>
      instrument(handler as ExportedHandler<never, Q>, {
        service: { name: service },
        spanProcessors: {
          onStart: () => undefined,
          onEnd: (span: EndedSpan) => keepSpan(withRoute(span)),
          forceFlush: flush,
          shutdown: flush,
        },
        sampling: { headSampler: { ratio: sampleRate } },
        instrumentation: { instrumentGlobalFetch: false, instrumentGlobalCache: false },
      }) as ExportedHandler<E, Q>,
    get isEmpty() {
      return spans.size === 0;
    },
    flush: () => sendSpans(spans, zipkinUrl),
  };
}

/** Replaces the URL of a request by its route. */
function withRoute(span: EndedSpan): EndedSpan {
  const path = span.attributes["url.path"];
  if (typeof path !== "string") return span;
  return {
    name: span.name,
    kind: span.kind,
    startTime: span.startTime,
    duration: span.duration,
    attributes: { ...span.attributes, "http.route": routeName(path) },
    status: span.status,
    parentSpanContext: span.parentSpanContext,
    spanContext: () => span.spanContext(),
  };
}

function spanTracer(sampleRate: number, keepSpan: (span: EndedSpan) => void): Tracer {
  return {
    async span(name, { parent, attributes }, work) {
      const parentSpanContext =
        parent === undefined ? trace.getActiveSpan()?.spanContext() : parseTraceparent(parent);
      const spanContext = childOf(parentSpanContext, sampleRate);
      const span = new SpanImpl({
        name,
        spanContext,
        ...(parentSpanContext && { parentSpanContext, parentSpanId: parentSpanContext.spanId }),
        attributes: { ...attributes },
        onEnd: (ended) => keepSpan(ended as SpanImpl),
        resource: undefined as never,
      });
      const handle = {
        traceparent: formatTraceparent(spanContext),
        set: (attribute: string, value: string | number | boolean) =>
          void span.setAttribute(attribute, value),
      };
      try {
        return await context.with(trace.setSpan(context.active(), span), () => work(handle));
      } catch (error) {
        span.setAttribute("error.type", errorType(error));
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

function childOf(parent: SpanContext | undefined, sampleRate: number): SpanContext {
  if (parent && isSpanContextValid(parent)) {
    return { traceId: parent.traceId, spanId: randomHex(8), traceFlags: parent.traceFlags };
  }
  const traceFlags = Math.random() < sampleRate ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId: randomHex(16), spanId: randomHex(8), traceFlags };
}

function randomHex(bytes: number): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(bytes)));
}

async function sendSpans(spans: SpanBuffer, zipkinUrl: string): Promise<void> {
  if (spans.size === 0) return;
  const batch = spans.take();
  try {
    const response = await fetch(zipkinUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `[${batch.join(",")}]`,
      signal: AbortSignal.timeout(COLLECTOR_MILLISECONDS),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the trace collector answered ${response.status}`);
  } catch (error) {
    report(error);
    spans.giveBack(batch);
  }
}
