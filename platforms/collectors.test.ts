import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import type { ZipkinSpan } from "../telemetry/zipkin.ts";
import { otlpCollector, zipkinCollector } from "./collectors.ts";

const SPAN: EndedSpan = {
  name: "commit",
  traceId: "a".repeat(32),
  id: "b".repeat(16),
  start: 0,
  duration: 1,
  attributes: {},
};

/** The requests to the collector, and its next answers. */
let requests: Request[];
let bodies: unknown[];
let answers: (Response | Error)[];
const fetched = vi.spyOn(globalThis, "fetch");
const errors = vi.spyOn(console, "error");
beforeEach(() => {
  [requests, bodies, answers] = [[], [], []];
  errors.mockReset().mockReturnValue();
  fetched.mockImplementation(async (url, init) => {
    const request = new Request(url, init);
    requests.push(request);
    bodies.push(await request.json());
    const answer = answers.shift() ?? new Response(null, { status: 202 });
    if (answer instanceof Error) throw answer;
    return answer;
  });
});
afterEach(() => void fetched.mockReset());

it("Zipkin gets its own JSON", async () => {
  const collector = zipkinCollector({
    service: "relay",
    url: "http://zipkin.test/api/v2/spans",
    dropped: () => undefined,
  });
  collector.send(SPAN);
  expect(collector.size).toBe(1);
  await collector.flush();
  await collector.flush();
  expect(collector.size).toBe(0);
  expect(requests.map(({ method, url }) => [method, url])).toEqual([
    ["POST", "http://zipkin.test/api/v2/spans"],
  ]);
  expect(requests[0]?.headers.get("content-type")).toBe("application/json");
  const [[span] = []] = bodies as ZipkinSpan[][];
  expect(span).toMatchObject({ name: "commit", localEndpoint: { serviceName: "relay" } });
});

it("others get OTLP, with the headers of the operator", async () => {
  const headers = { "x-key": "secret" };
  const collector = otlpCollector({
    service: "relay",
    url: "http://otlp.test/v1/traces",
    headers,
    dropped: () => undefined,
  });
  collector.send(SPAN);
  await collector.flush();
  expect(requests[0]?.headers.get("x-key")).toBe("secret");
  expect(bodies[0]).toMatchObject({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: "commit" }] }] }] });
});

it.each([
  ["is away", new Error("connection refused")],
  ["refuses", new Response("no", { status: 400 })],
])("that one %s is reported, and holds up no other", async (_, answer) => {
  const dropped: number[] = [];
  const collector = zipkinCollector({
    service: "relay",
    url: "http://zipkin.test/",
    dropped: (spans) => void dropped.push(spans),
  });
  answers = [answer];
  collector.send(SPAN);
  await collector.flush();
  expect(errors).toHaveBeenCalledOnce();
  expect(collector.size + dropped.length).toBe(1);
});
