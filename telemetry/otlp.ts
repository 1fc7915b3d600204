/** Spans as OTLP JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). */
import { type EndedSpan, hasFailed } from "./ended-span.ts";
import { attributesToSend } from "./span-attributes.ts";
import type { AttributeValue, SpanKind } from "./tracing.ts";

const KINDS: Record<SpanKind | "internal", number> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const FAILED = 2;
/** Maximum characters of a text attribute. */
const LONGEST_TEXT = 500;

/** Returns one span as JSON. */
export function otlpSpan(span: EndedSpan): string {
  const { name, traceId, id, parentId, kind = "internal", start, duration, peer, attributes } = span;
  const sent = { ...attributesToSend(attributes), ...(peer !== undefined && { "peer.service": peer }) };
  return JSON.stringify({
    traceId,
    spanId: id,
    ...(parentId !== undefined && { parentSpanId: parentId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(start + duration),
    attributes: listed(sent),
    ...(hasFailed(span) && { status: { code: FAILED } }),
  });
}

/** Returns the body of a request with spans that are JSON. `version` is that of this project. */
export function otlpRequest(spans: readonly string[], service: string, version: string): string {
  const resource = {
    attributes: listed({
      "service.name": service,
      "service.namespace": "tributary",
      "service.version": version,
      "cloud.provider": "cloudflare",
    }),
  };
  const scope = JSON.stringify({ name: "tributary", version });
  return `{"resourceSpans":[{"resource":${JSON.stringify(resource)},"scopeSpans":[{"scope":${scope},"spans":[${spans.join()}]}]}]}`;
}

function listed(attributes: Record<string, AttributeValue>): { key: string; value: object }[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));
}

/** 64-bit integers are text in JSON. */
function valueOf(value: AttributeValue): object {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "string") return { stringValue: value.slice(0, LONGEST_TEXT) };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

function nanoseconds(milliseconds: number): string {
  return `${Math.round(1000 * milliseconds)}000`;
}
