import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ZipkinSpan } from "../telemetry/zipkin.ts";
import { openTelemetryRecorder } from "./open-telemetry.ts";

const COLLECTOR = "http://collector.test/api/v2/spans";
const [TRACE, SPAN] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];

/** The requests to the collector, and its next answers. */
let sent: ZipkinSpan[][];
let answers: (Response | Error)[];
const addresses = new Set<string>();
const collector = vi.spyOn(globalThis, "fetch");
const errors = vi.spyOn(console, "error");
beforeEach(() => {
  sent = [];
  answers = [];
  errors.mockReset().mockReturnValue();
  collector.mockImplementation(async (url, init) => {
    const request = new Request(url, init);
    addresses.add(request.url);
    sent.push(await request.json<ZipkinSpan[]>());
    const answer = answers.shift() ?? new Response(null, { status: 202 });
    if (answer instanceof Error) throw answer;
    return answer;
  });
});
afterEach(() => void collector.mockReset());

function recorder(sampleRate = 1) {
  const dropped: number[] = [];
  const { tracer, flush } = openTelemetryRecorder({
    service: "relay",
    zipkinUrl: COLLECTOR,
    sampleRate,
    dropped: (spans) => void dropped.push(spans),
  });
  return { tracer, flush, dropped };
}

const nothing = async () => undefined;

describe("a span", () => {
  it("goes to the collector when it has ended, with its attributes", async () => {
    const { tracer, flush } = recorder();
    const answer = await tracer.span("commit", { attributes: { events: 3 } }, async (span) => {
      span.set("source", "http");
      return "done";
    });
    expect(answer).toBe("done");
    await flush();
    await flush();
    expect([...addresses]).toEqual([COLLECTOR]);
    expect(sent).toEqual([
      [expect.objectContaining({ name: "commit", tags: { events: "3", source: "http" } })],
    ]);
  });

  it("continues the trace that it is told, and hands it on", async () => {
    const { tracer, flush } = recorder();
    const parent = `00-${TRACE}-${SPAN}-01`;
    const traceparent = await tracer.span("fan_out", { parent }, async (span) => span.traceparent);
    await flush();
    const [[span] = []] = sent;
    expect(span).toMatchObject({ traceId: TRACE, parentId: SPAN });
    expect(traceparent).toBe(`00-${TRACE}-${span?.id}-01`);
  });

  it("begins a trace of its own when what it is told is no trace", async () => {
    const { tracer, flush } = recorder();
    await tracer.span("fan_out", { parent: "nonsense" }, nothing);
    await flush();
    expect(sent[0]?.[0]).not.toHaveProperty("parentId");
  });

  it("is recorded when the trace is, whatever the sample rate here", async () => {
    const always = recorder(1);
    await always.tracer.span("fan_out", { parent: `00-${TRACE}-${SPAN}-00` }, nothing);
    await always.flush();
    expect(sent).toEqual([]);
    const never = recorder(0);
    await never.tracer.span("fan_out", {}, nothing);
    await never.tracer.span("fan_out", { parent: `00-${TRACE}-${SPAN}-01` }, nothing);
    await never.flush();
    expect(sent.flat().map(({ traceId }) => traceId)).toEqual([TRACE]);
  });

  it.each([
    [new TypeError("secret"), "TypeError"],
    ["secret", "string"],
  ])("of work that throws %s has the kind of the error alone, and throws it on", async (error, kind) => {
    const { tracer, flush } = recorder();
    const work = tracer.span("commit", {}, () => Promise.reject(error as Error));
    await expect(work).rejects.toBe(error);
    await flush();
    expect(sent[0]?.[0]?.tags).toEqual({ "error.type": kind, error: "true" });
    expect(JSON.stringify(sent)).not.toContain("secret");
  });
});

describe("a collector that", () => {
  it.each([
    ["is away", new Error("connection refused")],
    ["refuses", new Response("no", { status: 503 })],
  ])("%s is reported, and sent the spans again", async (_, answer) => {
    const { tracer, flush, dropped } = recorder();
    answers = [answer];
    await tracer.span("one", {}, nothing);
    await flush();
    expect(errors).toHaveBeenCalledOnce();
    await tracer.span("two", {}, nothing);
    await flush();
    expect(sent.map((spans) => spans.map(({ name }) => name))).toEqual([["one"], ["one", "two"]]);
    expect(dropped).toEqual([]);
  });

  it("takes nothing for long costs no memory: beyond 2000 the oldest spans are dropped, and counted", async () => {
    const { tracer, flush, dropped } = recorder();
    for (let n = 0; n < 2003; n += 1) await tracer.span(String(n), {}, nothing);
    await flush();
    expect(dropped).toEqual([1, 1, 1]);
    expect(sent[0]).toHaveLength(2000);
    expect(sent[0]?.[0]?.name).toBe("3");
  });
});
