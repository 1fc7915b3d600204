/** OpenTelemetry spans as Zipkin v2 JSON (https://zipkin.io/zipkin-api/#/default/post_spans). */
import {
  type Attributes,
  type HrTime,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from "@opentelemetry/api";
import { attributesToSend } from "./span-attributes.ts";

/** The fields of an ended span that are used. OpenTelemetry's ReadableSpan has them. */
export interface EndedSpan {
  name: string;
  kind: SpanKind;
  startTime: HrTime;
  duration: HrTime;
  attributes: Attributes;
  status: SpanStatus;
  parentSpanContext?: SpanContext | undefined;
  spanContext(): SpanContext;
}

export interface ZipkinSpan {
  traceId: string;
  id: string;
  parentId?: string;
  name: string;
  kind?: string;
  /** Microseconds since 1970. */
  timestamp: number;
  /** Microseconds, at least 1. */
  duration: number;
  localEndpoint: { serviceName: string };
  tags: Record<string, string>;
}

/** Maximum characters of a tag. */
const LONGEST_TAG = 500;

const KINDS: Partial<Record<SpanKind, string>> = {
  [SpanKind.CLIENT]: "CLIENT",
  [SpanKind.SERVER]: "SERVER",
  [SpanKind.CONSUMER]: "CONSUMER",
  [SpanKind.PRODUCER]: "PRODUCER",
};

export function zipkinSpan(span: EndedSpan, service: string): ZipkinSpan {
  const { traceId, spanId } = span.spanContext();
  const kind = KINDS[span.kind];
  const parentId = span.parentSpanContext?.spanId;
  return {
    traceId,
    id: spanId,
    ...(parentId !== undefined && { parentId }),
    name: span.name,
    ...(kind !== undefined && { kind }),
    timestamp: microseconds(span.startTime),
    duration: Math.max(1, microseconds(span.duration)),
    localEndpoint: { serviceName: service },
    tags: tagsOf(span),
  };
}

function tagsOf({ attributes, status }: EndedSpan): Record<string, string> {
  // Without the error message, which may quote a client or an upstream.
  const failure = status.code === SpanStatusCode.ERROR ? { error: "true" } : {};
  const tags = Object.entries<unknown>({ ...attributesToSend(attributes), ...failure });
  return Object.fromEntries(tags.map(([name, value]) => [name, String(value).slice(0, LONGEST_TAG)]));
}

function microseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000_000 + Math.round(nanoseconds / 1000);
}
