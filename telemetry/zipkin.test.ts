import { expect, it } from "vitest";
import type { EndedSpan } from "./ended-span.ts";
import { zipkinSpan } from "./zipkin.ts";

const TRACE = "a".repeat(32);

function span(changes: Partial<EndedSpan>): EndedSpan {
  return {
    name: "GET /api/v1/events",
    traceId: TRACE,
    id: "b".repeat(16),
    kind: "server",
    start: 1_700_000_000_005,
    duration: 1.5,
    attributes: {},
    ...changes,
  };
}

it("has times in microseconds, its place in the trace, and both sides", () => {
  expect(zipkinSpan(span({ parentId: "c".repeat(16), peer: "client" }), "relay")).toEqual({
    traceId: TRACE,
    id: "b".repeat(16),
    parentId: "c".repeat(16),
    name: "GET /api/v1/events",
    kind: "SERVER",
    timestamp: 1_700_000_000_005_000,
    duration: 1500,
    localEndpoint: { serviceName: "relay" },
    remoteEndpoint: { serviceName: "client" },
    tags: {},
  });
});

it("holds nothing of what a client has sent: no address, search word, key, user agent or message", () => {
  const secret = "hunter2";
  const attributes = {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "http.route": "/api/v1/events",
    upstream: `wss://relay.test/path?token=${secret}`,
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
  const sent = zipkinSpan(span({ attributes }), "relay");
  expect(sent.tags).toEqual({
    "http.request.method": "GET",
    "http.response.status_code": "200",
    "http.route": "/api/v1/events",
    upstream: "wss://relay.test/path?…",
  });
  expect(JSON.stringify(sent)).not.toContain(secret);
});

it("has of an error its kind, and that it was one", () => {
  const failed = span({ attributes: { "error.type": "TypeError" } });
  expect(zipkinSpan(failed, "relay").tags).toEqual({ "error.type": "TypeError", error: "true" });
});

it.each([
  [undefined, undefined],
  ["client", "CLIENT"],
  ["server", "SERVER"],
  ["consumer", "CONSUMER"],
  ["producer", "PRODUCER"],
] as const)("kind %s is %s", (kind, expected) => {
  expect(zipkinSpan(span({ kind }), "relay").kind).toBe(expected);
});

it("has tags of bounded length, and lasts something", () => {
  const sent = zipkinSpan(span({ duration: 0, attributes: { verb: "x".repeat(1000) } }), "relay");
  expect(sent.tags["verb"]).toHaveLength(500);
  expect(sent.duration).toBe(1);
});
