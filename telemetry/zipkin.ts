/** Spans as Zipkin v2 JSON (https://zipkin.io/zipkin-api/#/default/post_spans). */
import { type EndedSpan, hasFailed } from "./ended-span.ts";
import { attributesToSend } from "./span-attributes.ts";

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
  /** Zipkin draws its dependency graph with it. */
  remoteEndpoint?: { serviceName: string };
  tags: Record<string, string>;
}

/** Maximum characters of a tag. */
const LONGEST_TAG = 500;

export function zipkinSpan(span: EndedSpan, service: string): ZipkinSpan {
  const { name, traceId, id, parentId, kind, start, duration, peer } = span;
  return {
    traceId,
    id,
    ...(parentId !== undefined && { parentId }),
    name,
    ...(kind !== undefined && { kind: kind.toUpperCase() }),
    timestamp: Math.round(1000 * start),
    duration: Math.max(1, Math.round(1000 * duration)),
    localEndpoint: { serviceName: service },
    ...(peer !== undefined && { remoteEndpoint: { serviceName: peer } }),
    tags: tagsOf(span),
  };
}

function tagsOf(span: EndedSpan): Record<string, string> {
  // Zipkin shows a span with this tag as failed. Without the message, which may quote a client or an upstream.
  const failure = hasFailed(span) ? { error: "true" } : {};
  const tags = Object.entries<unknown>({ ...attributesToSend(span.attributes), ...failure });
  return Object.fromEntries(tags.map(([name, value]) => [name, String(value).slice(0, LONGEST_TAG)]));
}
