/** The span of one invocation of a Worker, as a library has recorded it: with a name, and with what may be sent. */
import { type Attributes as LibraryAttributes, type HrTime, type SpanContext } from "@opentelemetry/api";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import { queueNamed } from "../telemetry/messaging.ts";
import type { Attributes } from "../telemetry/tracing.ts";
import { answerAttributes, httpSpan } from "./http-span.ts";

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
  const { name, kind, peer, attributes } = httpSpan(
    String(given["http.request.method"]),
    String(given["url.path"]),
  );
  const status = given["http.response.status_code"];
  const answered = typeof status === "number" ? answerAttributes(status) : {};
  return { name, kind, peer, attributes: { ...attributes, ...answered, ...failed } };
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return 1000 * seconds + nanoseconds / 1_000_000;
}
