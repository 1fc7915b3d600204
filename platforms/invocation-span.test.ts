import { expect, it } from "vitest";
import { invocationSpan, type LibrarySpan } from "./invocation-span.ts";

const CONTEXT = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };

function described(attributes: LibrarySpan["attributes"], code = 0) {
  return invocationSpan({
    name: "as the library calls it",
    startTime: [1_700_000_000, 5_000_000],
    duration: [1, 500_000],
    attributes,
    status: { code },
    spanContext: () => CONTEXT,
  });
}

const request = (path: string, method = "GET", status = 200) => ({
  "faas.trigger": "http",
  "http.request.method": method,
  "url.path": path,
  "url.full": `https://relay.test${path}?search=secret`,
  "http.response.status_code": status,
});

it("has the times and the place of the library's span", () => {
  const parentSpanContext = { ...CONTEXT, spanId: "c".repeat(16) };
  expect(
    invocationSpan({
      name: "",
      startTime: [1_700_000_000, 5_000_000],
      duration: [1, 500_000],
      attributes: request("/"),
      status: { code: 0 },
      parentSpanContext,
      spanContext: () => CONTEXT,
    }),
  ).toMatchObject({
    traceId: CONTEXT.traceId,
    id: CONTEXT.spanId,
    parentId: "c".repeat(16),
    start: 1_700_000_000_005,
    duration: 1000.5,
  });
});

it("a request is called after its method and its route, without what was asked for", () => {
  const span = described(request(`/api/v1/events/${"a".repeat(64)}`));
  expect(span).toMatchObject({ name: "GET /api/v1/events/{id}", kind: "server", peer: "client" });
  expect(span.attributes).toEqual({
    "faas.trigger": "http",
    "http.request.method": "GET",
    "http.route": "/api/v1/events/{id}",
    "http.response.status_code": 200,
  });
});

it("a path without a route, and a method that nobody knows, have no names of their own", () => {
  expect(described(request("/secret", "POST", 404))).toMatchObject({
    name: "POST",
    attributes: expect.not.objectContaining({ "http.route": expect.anything() }) as object,
  });
  expect(described(request("/", "SECRET", 405))).toMatchObject({
    name: "HTTP /",
    attributes: { "http.request.method": "_OTHER" },
  });
});

it.each([
  [499, undefined],
  [500, "500"],
  [503, "503"],
])("a request that is answered %i has the error %s", (status, type) => {
  expect(described(request("/", "GET", status)).attributes["error.type"]).toBe(type);
});

it("a batch of a queue says which one, and how many messages", () => {
  const batch = { "faas.trigger": "pubsub", "queue.name": "my-relay-events", "queue.messages_count": 3 };
  expect(described(batch)).toMatchObject({
    name: "receive",
    attributes: {
      "faas.trigger": "pubsub",
      "messaging.system": "cloudflare-queues",
      "messaging.destination.name": "events",
      "messaging.operation.type": "receive",
      "messaging.batch.message_count": 3,
    },
  });
});

it("the minute job that throws has failed", () => {
  expect(described({ "faas.trigger": "timer" }, 2)).toMatchObject({
    name: "scheduled",
    attributes: { "faas.trigger": "timer", "error.type": "exception" },
  });
});
