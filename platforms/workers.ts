/** Traces and metrics on Cloudflare Workers. */
import { instrument, SpanImpl } from "@microlabs/otel-cf-workers";
import {
  context,
  isSpanContextValid,
  type SpanContext,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Count, Counts } from "../telemetry/counts.ts";
import { dataPoints } from "../telemetry/export.ts";
import type { Door, Metrics } from "../telemetry/metrics.ts";
import { SpanBuffer } from "../telemetry/span-buffer.ts";
import { formatTraceparent, parseTraceparent } from "../telemetry/traceparent.ts";
import { noTracer, type Tracer } from "../telemetry/tracing.ts";
import { type EndedSpan, zipkinSpan } from "../telemetry/zipkin.ts";

export interface TelemetryOptions {
  service: string;
  /** Where spans are lost, when the collector does not take them. */
  door: Door;
  /** Empty: no traces. */
  zipkinUrl: string;
  /** From 0 to 1: decided where a trace begins, followed by all of its parts. */
  sampleRate: number;
  /** Where counts are summed up. */
  addCounts(counts: Count[]): Promise<void>;
  analytics: AnalyticsEngineDataset;
  /**
   * How long what was counted gathers before it leaves. Zero: whoever flushes sends everything at once, as an
   * invocation of a Worker must, because it may not wait for another one.
   */
  gatherMilliseconds: number;
}

export interface Telemetry {
  tracer: Tracer;
  metrics: Metrics;
  /** Sends what has gathered. Never rejects. */
  flush(): Promise<void>;
  /** For spans that somebody else has made. */
  keepSpan(span: EndedSpan): void;
}

/** Spans kept while the collector does not answer; the oldest go first. */
const MOST_SPANS = 2000;
const COLLECTOR_MILLISECONDS = 5000;

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const counts = new Counts();
  const spans = new SpanBuffer(MOST_SPANS, (dropped) =>
    counts.add("spans_dropped_counts", options.door, dropped),
  );
  const keepSpan = (span: EndedSpan) => {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    spans.add(JSON.stringify(zipkinSpan(span, options.service)));
  };
  const send = async () => {
    await Promise.all([sendCounts(counts, options), sendSpans(spans, options)]);
  };
  return {
    tracer: options.zipkinUrl === "" ? noTracer : spanTracer(options.sampleRate, keepSpan),
    metrics: counts,
    keepSpan,
    flush: options.gatherMilliseconds === 0 ? send : gathering(send, options.gatherMilliseconds),
  };
}

/** Calls share one turn of gathering and sending; those that come during the sending share the next. */
function gathering(send: () => Promise<void>, milliseconds: number): () => Promise<void> {
  let turn: Promise<void> | undefined;
  return () => {
    turn ??= scheduler.wait(milliseconds).then(() => {
      turn = undefined;
      return send();
    });
    return turn;
  };
}

/**
 * Instruments a Worker's handlers: their spans start the traces that ours continue. Bindings are not wrapped:
 * handlers take them from "cloudflare:workers", so that calls cost what they cost without tracing.
 */
export function instrumented<E, Q>(
  handler: ExportedHandler<E, Q>,
  telemetry: Telemetry,
  options: TelemetryOptions,
) {
  if (options.zipkinUrl === "") return handler;
  const processor = {
    onStart: () => undefined,
    onEnd: (span: EndedSpan) => telemetry.keepSpan(span),
    forceFlush: () => telemetry.flush(),
    shutdown: () => telemetry.flush(),
  };
  return instrument(handler as ExportedHandler<never, Q>, {
    service: { name: options.service },
    spanProcessors: processor,
    sampling: { headSampler: { ratio: options.sampleRate } },
    instrumentation: { instrumentGlobalFetch: false, instrumentGlobalCache: false },
  }) as ExportedHandler<E, Q>;
}

/** For failures that whoever asked is told of only in general. */
export function report(error: unknown): void {
  // oxlint-disable-next-line no-console -- the platform's log is where operators look
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
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
        span.setStatus({
          code: SpanStatusCode.ERROR,
          message: error instanceof Error ? error.message : String(error),
        });
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

/** Counts that could not be brought stay counted. */
async function sendCounts(counts: Counts, options: TelemetryOptions): Promise<void> {
  if (counts.isEmpty) return;
  const taken = counts.take();
  try {
    await options.addCounts(taken);
  } catch (error) {
    report(error);
    counts.giveBack(taken);
    return;
  }
  for (const point of dataPoints(taken)) options.analytics.writeDataPoint(point);
}

async function sendSpans(spans: SpanBuffer, { zipkinUrl }: TelemetryOptions): Promise<void> {
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
