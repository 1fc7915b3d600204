/** W3C trace context, as text (https://www.w3.org/TR/trace-context/). */
import type { SpanContext } from "@opentelemetry/api";
import type { TracePlace } from "./tracing.ts";

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 1) === 1 ? "01" : "00"}`;
}

/**
 * Returns whose trace continues with work that belongs to several: the first that is sampled, so that a sampled trace is whole.
 * If none is, the first that has a trace.
 */
export function leadOf<T>(all: readonly T[], sampled: (one: T) => boolean | undefined): T | undefined {
  return all.find((one) => sampled(one) === true) ?? all.find((one) => sampled(one) === false);
}

/** Returns the id of the trace if it is sampled. */
export function sampledTrace(place: TracePlace | undefined): string | undefined {
  return place?.isSampled ? parseTraceparent(place.traceparent ?? "")?.traceId : undefined;
}

/** Looks at the flags alone. Undefined: there is no trace. */
export function isSampled(traceparent: string | undefined): boolean | undefined {
  return traceparent?.endsWith("-01");
}

/** Returns where the id of the span stands in a trace context. Does not check it. */
export function spanIdIn(traceparent: string): string {
  return traceparent.slice(36, 52);
}

/** Parses a trace context; undefined if the text is not one. */
export function parseTraceparent(text: string): SpanContext | undefined {
  // Ids with only zeros are invalid.
  const [, traceId, spanId, flags = ""] =
    /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
