/** The span of one invocation of a Worker, as a library has recorded it: with a name, and with what may be sent. */
import { type Attributes as LibraryAttributes, type HrTime, type SpanContext } from "@opentelemetry/api";
import { routeName } from "../http/route-name.ts";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import { queueNamed } from "../telemetry/messaging.ts";
import type { Attributes } from "../telemetry/tracing.ts";

/** The fields of OpenTelemetry's ReadableSpan that are used. */
export interface LibrarySpan {
  name: string;
  startTime: HrTime;
  duration: HrTime;
  attributes: LibraryAttributes;
  status: { code: number };
  parentSpanContext?: SpanContext | undefined;
  spanContext(): SpanContext;
}

/** OpenTelemetry's SpanStatusCode.ERROR. */
const ERROR = 2;
/** Others are one name: a client may invent methods. */
const METHODS = new Set(["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"]);

export function invocationSpan(span: LibrarySpan): EndedSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    traceId,
    id: spanId,
    parentId: span.parentSpanContext?.spanId,
    start: milliseconds(span.startTime),
    duration: milliseconds(span.duration),
    ...described(span),
  };
}

function described(span: LibrarySpan): Pick<EndedSpan, "name" | "kind" | "peer" | "attributes"> {
  const { "faas.trigger": trigger } = span.attributes;
  const failed: Attributes = span.status.code === ERROR ? { "error.type": "exception" } : {};
  if (trigger === "http") return request(span.attributes, failed);
  const attributes = { "faas.trigger": String(trigger), ...failed };
  if (trigger === "timer") return { name: "scheduled", attributes };
  const queue = queueNamed(String(span.attributes["queue.name"]));
  const messages = span.attributes["queue.messages_count"];
  return {
    name: "receive",
    attributes: {
      ...attributes,
      ...queue,
      "messaging.operation.type": "receive",
      ...(typeof messages === "number" && { "messaging.batch.message_count": messages }),
    },
  };
}

function request(given: LibraryAttributes, failed: Attributes) {
  const method = String(given["http.request.method"]);
  const status = given["http.response.status_code"];
  const found = routeName(String(given["url.path"]));
  const route = found === "other" ? undefined : found;
  const known = METHODS.has(method) ? method : "_OTHER";
  const attributes: Attributes = {
    "faas.trigger": "http",
    "http.request.method": known,
    ...(route !== undefined && { "http.route": route }),
    ...(typeof status === "number" && { "http.response.status_code": status }),
    ...(typeof status === "number" && status >= 500 && { "error.type": String(status) }),
    ...failed,
  };
  const named = known === "_OTHER" ? "HTTP" : known;
  return {
    name: route === undefined ? named : `${named} ${route}`,
    kind: "server" as const,
    peer: "client",
    attributes,
  };
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return 1000 * seconds + nanoseconds / 1_000_000;
}
