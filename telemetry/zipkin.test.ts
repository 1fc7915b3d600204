import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { type EndedSpan, zipkinSpan } from "./zipkin.ts";

const CONTEXT = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };

function span(changes: Partial<EndedSpan>): EndedSpan {
  return {
    name: "fetchHandler GET",
    kind: SpanKind.SERVER,
    startTime: [1_700_000_000, 5_000_000],
    duration: [0, 1_500_000],
    attributes: {},
    status: { code: SpanStatusCode.UNSET },
    spanContext: () => CONTEXT,
    ...changes,
  };
}

it("has times in microseconds, and its place in the trace", () => {
  const parentSpanContext = { ...CONTEXT, spanId: "c".repeat(16) };
  expect(zipkinSpan(span({ parentSpanContext }), "relay")).toEqual({
    traceId: CONTEXT.traceId,
    id: CONTEXT.spanId,
    parentId: "c".repeat(16),
    name: "fetchHandler GET",
    kind: "SERVER",
    timestamp: 1_700_000_000_005_000,
    duration: 1500,
    localEndpoint: { serviceName: "relay" },
    tags: {},
  });
});

it("holds nothing of what a client has sent: no address, search word, key, user agent or message", () => {
  const secret = "hunter2";
  const attributes = {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "http.route": "/api/v1/events",
    "url.full": `https://relay.test/api/v1/events?search=${secret}`,
    "url.path": `/api/v1/events/${secret}`,
    "url.query": `?search=${secret}`,
    "http.url": secret,
    "user_agent.original": secret,
    "http.mime_type": secret,
    "http.accepts": secret,
    "server.address": secret,
    "client.address": secret,
    "net.country": secret,
    "exception.message": secret,
    problem: secret,
  };
  const failed = span({ attributes, status: { code: SpanStatusCode.ERROR, message: secret } });
  const sent = zipkinSpan(failed, "relay");
  expect(sent.tags).toEqual({
    "http.request.method": "GET",
    "http.response.status_code": "200",
    "http.route": "/api/v1/events",
    error: "true",
  });
  expect(JSON.stringify(sent)).not.toContain(secret);
});

it("has of an error its kind, and that it was one", () => {
  const status = { code: SpanStatusCode.ERROR, message: "no such table: event" };
  const failed = span({ kind: SpanKind.INTERNAL, attributes: { "error.type": "TypeError" }, status });
  expect(zipkinSpan(failed, "relay").tags).toEqual({ "error.type": "TypeError", error: "true" });
});

it.each([
  [SpanKind.INTERNAL, undefined],
  [SpanKind.CLIENT, "CLIENT"],
  [SpanKind.SERVER, "SERVER"],
  [SpanKind.CONSUMER, "CONSUMER"],
  [SpanKind.PRODUCER, "PRODUCER"],
])("kind %i is %s", (kind, expected) => {
  expect(zipkinSpan(span({ kind }), "relay").kind).toBe(expected);
});

it("has tags of bounded length, and lasts something", () => {
  const sent = zipkinSpan(span({ duration: [0, 0], attributes: { upstream: "x".repeat(1000) } }), "relay");
  expect(sent.tags["upstream"]).toHaveLength(500);
  expect(sent.duration).toBe(1);
});
