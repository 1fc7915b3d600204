import { expect, it } from "vitest";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import { noTracer } from "../telemetry/tracing.ts";
import { traced } from "./invocations.ts";
import { sampledSpans } from "./sampled-spans.ts";

type Handler = ExportedHandler;

/** Invokes a handler. Returns its span, whether it has rejected, and how many spans were sent when it was flushed. */
async function invoked(handler: Handler, invoke: (handler: Handler, ctx: ExecutionContext) => unknown) {
  const sent: EndedSpan[] = [];
  const { tracer } = sampledSpans({
    collectors: [{ send: (span) => void sent.push(span), size: 0, flush: async () => undefined }],
    sampleRate: 1,
    slowMilliseconds: 60_000,
    dropped: () => undefined,
  });
  const flushed: number[] = [];
  const works: unknown[] = [];
  const ctx = { waitUntil: (work: unknown) => void works.push(work) } as ExecutionContext;
  const instrumented = traced(handler, tracer, async () => void flushed.push(sent.length));
  const [outcome] = await Promise.allSettled([invoke(instrumented, ctx)]);
  await Promise.all(works);
  return { span: sent[0], flushed, hasFailed: outcome?.status === "rejected" };
}

function request(path: string, method = "GET", status = 200) {
  const handler: Handler = { fetch: () => new Response("", { status }) };
  const asked = new Request(`https://relay.test${path}?search=secret`, { method });
  return invoked(handler, ({ fetch }, ctx) => fetch?.(asked as never, {}, ctx));
}

it("a request is called after its method and its route, without what was asked for", async () => {
  const { span, flushed } = await request(`/api/v1/events/${"a".repeat(64)}`);
  expect(span).toMatchObject({ name: "GET /api/v1/events/{id}", kind: "server", peer: "client" });
  expect(span?.attributes).toEqual({
    "faas.trigger": "http",
    "http.request.method": "GET",
    "http.route": "/api/v1/events/{id}",
    "http.response.status_code": 200,
  });
  expect(flushed).toEqual([1]);
});

it("has the times of its work", async () => {
  const begun = Date.now();
  const { span } = await invoked({ scheduled: () => scheduler.wait(20) }, runJob);
  expect(Math.abs((span?.start ?? 0) - begun)).toBeLessThan(10_000);
  expect(span?.duration).toBeGreaterThanOrEqual(19);
});

it("a path without a route, and a method that nobody knows, have no names of their own", async () => {
  expect((await request("/secret", "POST", 404)).span).toMatchObject({
    name: "POST",
    attributes: expect.not.objectContaining({ "http.route": expect.anything() }) as object,
  });
  expect((await request("/", "PROPFIND", 405)).span).toMatchObject({
    name: "HTTP /",
    attributes: { "http.request.method": "_OTHER" },
  });
});

it.each([
  [499, undefined],
  [500, "500"],
  [503, "503"],
])("a request that is answered %i has the error %s", async (status, type) => {
  expect((await request("/", "GET", status)).span?.attributes["error.type"]).toBe(type);
});

it("a batch of a queue says which one, and how many messages", async () => {
  const batch = { queue: "my-relay-events", messages: [1, 2, 3] } as never;
  const handler: Handler = { queue: () => undefined };
  const { span, flushed } = await invoked(handler, ({ queue }, ctx) => queue?.(batch, {}, ctx));
  expect(span).toMatchObject({
    name: "receive",
    attributes: {
      "faas.trigger": "pubsub",
      "messaging.system": "cloudflare-queues",
      "messaging.destination.name": "events",
      "messaging.operation.type": "receive",
      "messaging.batch.message_count": 3,
    },
  });
  expect(flushed).toEqual([1]);
});

it("the minute job that throws has failed, is flushed, and throws on", async () => {
  const handler: Handler = { scheduled: () => Promise.reject(new TypeError("secret")) };
  const { span, flushed, hasFailed } = await invoked(handler, runJob);
  expect(span).toMatchObject({
    name: "scheduled",
    attributes: { "faas.trigger": "timer", "error.type": "TypeError" },
  });
  expect([flushed, hasFailed]).toEqual([[1], true]);
});

it("a Worker gets no handlers that it has not", () => {
  expect(Object.keys(traced({}, noTracer, async () => undefined))).toEqual([]);
});

function runJob({ scheduled }: Handler, ctx: ExecutionContext) {
  return scheduled?.({} as never, {}, ctx);
}
