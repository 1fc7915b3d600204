import { expect, it } from "vitest";
import type { EndedSpan } from "./ended-span.ts";
import { otlpRequest, otlpSpan } from "./otlp.ts";

const SPAN: EndedSpan = {
  name: "query",
  traceId: "a".repeat(32),
  id: "b".repeat(16),
  parentId: "c".repeat(16),
  kind: "client",
  start: 1_700_000_000_005,
  duration: 1.5,
  peer: "d1",
  attributes: { "db.operation.name": "BATCH SELECT", "d1.rows_read": 7, "url.full": "https://secret.test" },
};

const parsed = (changes: Partial<EndedSpan> = {}) =>
  JSON.parse(otlpSpan({ ...SPAN, ...changes })) as Record<string, unknown>;

it("has times in nanoseconds, its place in the trace, and only the attributes that may be sent", () => {
  expect(parsed()).toEqual({
    traceId: SPAN.traceId,
    spanId: SPAN.id,
    parentSpanId: SPAN.parentId,
    name: "query",
    kind: 3,
    startTimeUnixNano: "1700000000005000000",
    endTimeUnixNano: "1700000000006500000",
    attributes: [
      { key: "db.operation.name", value: { stringValue: "BATCH SELECT" } },
      { key: "d1.rows_read", value: { intValue: "7" } },
      { key: "peer.service", value: { stringValue: "d1" } },
    ],
  });
});

it.each([
  [undefined, 1],
  ["server", 2],
  ["client", 3],
  ["producer", 4],
  ["consumer", 5],
] as const)("kind %s is %i", (kind, number) => {
  expect(parsed({ kind })["kind"]).toBe(number);
});

it("that has failed has the status of an error, without a message", () => {
  const { status, attributes } = parsed({ attributes: { "error.type": "TypeError" } });
  expect(status).toEqual({ code: 2 });
  expect(attributes).toContainEqual({ key: "error.type", value: { stringValue: "TypeError" } });
});

it("a request names the service and this project", () => {
  const request = JSON.parse(otlpRequest([otlpSpan(SPAN), otlpSpan(SPAN)], "relay", "1.2.3")) as {
    resourceSpans: {
      resource: { attributes: unknown[] };
      scopeSpans: { scope: unknown; spans: unknown[] }[];
    }[];
  };
  const [{ resource, scopeSpans } = expect.fail("there is no resource")] = request.resourceSpans;
  expect(resource.attributes).toContainEqual({ key: "service.name", value: { stringValue: "relay" } });
  expect(scopeSpans[0]).toMatchObject({
    scope: { name: "tributary", version: "1.2.3" },
    spans: [parsed(), parsed()],
  });
});
