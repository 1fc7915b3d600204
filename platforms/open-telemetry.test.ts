import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { activeTraceId } from "../telemetry/active-trace.ts";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import { openTelemetryRecorder } from "./open-telemetry.ts";

const [TRACE, SPAN] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
const context = (flags: string) => `00-${TRACE}-${SPAN}-${flags}`;

const random = vi.spyOn(Math, "random");

let sent: EndedSpan[];
beforeEach(() => {
  sent = [];
});

function recorder(sampleRate = 1, slowMilliseconds = 60_000) {
  const collector = {
    send: (span: EndedSpan) => void sent.push(span),
    size: 0,
    flush: async () => undefined,
  };
  return openTelemetryRecorder({
    service: "relay",
    collectors: [collector],
    sampleRate,
    slowMilliseconds,
    dropped: () => undefined,
  });
}

const nothing = async () => undefined;
const names = () => sent.map(({ name }) => name);
const spanNamed = (name: string) => sent.find((span) => span.name === name) ?? expect.fail(`no span ${name}`);

describe("a span", () => {
  it("has what it is told, and what its work says", async () => {
    const options = { kind: "client", peer: "d1", attributes: { events: 3 } } as const;
    const answer = await recorder().tracer.span("commit", options, async (span) => {
      span.set("source", "http");
      return "done";
    });
    expect(answer).toBe("done");
    expect(sent).toEqual([
      expect.objectContaining({
        name: "commit",
        kind: "client",
        peer: "d1",
        attributes: { events: 3, source: "http" },
      }),
    ]);
    expect(Math.abs((sent[0]?.start ?? 0) - Date.now())).toBeLessThan(10_000);
  });

  it("of work without a promise has ended when the work returns", () => {
    expect(recorder().tracer.span("cleanup", {}, () => 7)).toBe(7);
    expect(names()).toEqual(["cleanup"]);
  });

  it("continues the trace that it is told, and hands it on", async () => {
    const traceparent = await recorder().tracer.span(
      "fan_out",
      { parent: context("01") },
      async (span) => span.traceparent,
    );
    expect(sent[0]).toMatchObject({ traceId: TRACE, parentId: SPAN });
    expect(traceparent).toBe(`00-${TRACE}-${sent[0]?.id}-01`);
  });

  it("begins a trace of its own when what it is told is no trace", async () => {
    await recorder().tracer.span("fan_out", { parent: "nonsense" }, nothing);
    expect(sent[0]?.parentId).toBeUndefined();
    expect(sent[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it("continues the active one, through everything that its work waits for", async () => {
    const { tracer } = recorder();
    await Promise.all(
      ["a", "b"].map((name) =>
        tracer.span(name, {}, async () => {
          await scheduler.wait(1);
          await tracer.span(`in ${name}`, {}, () => scheduler.wait(1));
        }),
      ),
    );
    for (const name of ["a", "b"])
      expect(spanNamed(`in ${name}`)).toMatchObject({
        traceId: spanNamed(name).traceId,
        parentId: spanNamed(name).id,
      });
    expect(spanNamed("a").traceId).not.toBe(spanNamed("b").traceId);
  });

  it("continues a moment that was captured, although another span is active", async () => {
    const { tracer, capture } = recorder();
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = tracer.span("first", {}, async (span) => {
      const moment = capture();
      expect(moment.traceparent).toBe(span.traceparent);
      await tracer.span("second", {}, () => moment.run(() => tracer.span("query", {}, nothing)));
      resolve();
    });
    await Promise.all([first, promise]);
    expect(spanNamed("query").parentId).toBe(spanNamed("first").id);
  });

  it("continues no trace in a moment that was captured outside of all, although one is active", async () => {
    const { tracer, capture } = recorder();
    const outside = capture();
    expect([outside.traceparent, outside.isSampled]).toEqual([undefined, undefined]);
    await tracer.span("active", {}, () => outside.run(() => tracer.span("outside", {}, nothing)));
    expect(spanNamed("outside").parentId).toBeUndefined();
    expect(spanNamed("outside").traceId).not.toBe(spanNamed("active").traceId);
  });

  it("that is only a part is not recorded without a trace", async () => {
    const { tracer } = recorder();
    const traceparent = await tracer.span("query", { isPart: true }, async (span) => span.traceparent);
    expect([traceparent, sent]).toEqual([undefined, []]);
    await tracer.span("sweep", {}, () => tracer.span("query", { isPart: true }, nothing));
    expect(names()).toEqual(["query", "sweep"]);
  });

  it.each([
    [new TypeError("secret"), "TypeError"],
    ["secret", "string"],
  ])("of work that throws %s has the kind of the error alone, and throws it on", async (error, kind) => {
    const work = recorder().tracer.span("commit", {}, () => Promise.reject(error as Error));
    await expect(work).rejects.toBe(error);
    expect(sent[0]?.attributes).toEqual({ "error.type": kind });
  });

  it("is named in the log while it is active", async () => {
    const { tracer } = recorder();
    const active = await tracer.span("commit", {}, async () => {
      await scheduler.wait(1);
      return activeTraceId();
    });
    expect(active).toBe(sent[0]?.traceId);
    expect(activeTraceId()).toBeUndefined();
  });
});

describe("a trace", () => {
  it("that another has begun is sampled as it says, whatever the sample rate here", async () => {
    await recorder(1).tracer.span("fan_out", { parent: context("00") }, nothing);
    expect(sent).toEqual([]);
    const { tracer } = recorder(0);
    await tracer.span("fan_out", {}, nothing);
    await tracer.span("fan_out", { parent: context("01") }, nothing);
    expect(sent.map(({ traceId }) => traceId)).toEqual([TRACE]);
  });

  it("that is not sampled is sent if something in it fails, although the whole has not failed", async () => {
    const { tracer } = recorder(0);
    await tracer.span("handle_message", {}, async (span) => {
      const failing = tracer.span("commit", { parent: span.traceparent }, () => Promise.reject(new Error()));
      await failing.catch(() => undefined);
    });
    expect(names()).toEqual(["commit", "handle_message"]);
  });

  it("that is not sampled is sent if it is slow", async () => {
    const { tracer } = recorder(0, 20);
    await tracer.span("quick", {}, nothing);
    await tracer.span("slow", {}, () => scheduler.wait(30));
    expect(names()).toEqual(["slow"]);
  });
});

it("a trace that is not sent, and that nobody asks for, has no ids: a message of a client makes one", async () => {
  const { tracer } = recorder(0);
  random.mockReset();
  await tracer.span("handle_message", {}, async (span) => {
    expect(span.isSampled).toBe(false);
    await tracer.span("query", { isPart: true }, nothing);
  });
  // Whether it is sampled.
  expect(random).toHaveBeenCalledTimes(1);
});

describe("an invocation", () => {
  beforeEach(() => {
    random.mockReset().mockReturnValue(0);
    status = 200;
  });
  afterEach(() => void random.mockReset());

  const isSampled = (sampled: boolean) => random.mockReturnValue(sampled ? 0 : 0.9);
  let status: number;
  let flushed: number[];

  // The library takes the first options of an isolate for ever.
  const { tracer, instrument } = recorder(0.5);
  const instrumented = instrument<unknown, unknown>(
    {
      fetch: async () => {
        await tracer.span("query", { isPart: true }, nothing);
        return new Response(activeTraceId() ?? "none", { status });
      },
    },
    async () => void flushed.push(sent.length),
  );

  async function invoke(path: string, headers: Record<string, string> = {}) {
    flushed = [];
    const ctx = createExecutionContext();
    const request = new Request(`https://relay.test${path}`, { headers });
    const response = await instrumented.fetch?.(request as never, {}, ctx);
    await waitOnExecutionContext(ctx);
    return response;
  }

  it("of a request has a span that others are inside, and is flushed after it", async () => {
    const response = await invoke("/api/v1/events?search=secretword");
    expect(names()).toEqual(["query", "GET /api/v1/events"]);
    expect(sent[0]).toMatchObject({ traceId: sent[1]?.traceId, parentId: sent[1]?.id });
    expect(await response?.text()).toBe(sent[1]?.traceId);
    expect(flushed).toEqual([2]);
    expect(JSON.stringify(sent)).not.toContain("secretword");
  });

  it("joins the trace of a client, but the client does not decide whether it is sampled", async () => {
    isSampled(false);
    await invoke("/", { traceparent: context("01") });
    expect(sent).toEqual([]);
    isSampled(true);
    await invoke("/", { traceparent: context("00") });
    expect(spanNamed("GET /")).toMatchObject({ traceId: TRACE, parentId: SPAN });
  });

  it("that is answered 5xx is sent although it is not sampled", async () => {
    isSampled(false);
    status = 503;
    await invoke("/");
    expect(names()).toEqual(["query", "GET /"]);
  });

  it.each(["/metrics", "/health", "/health/ready"])(
    "that machines ask for is not traced: %s",
    async (path) => {
      const response = await invoke(path);
      expect([await response?.text(), sent]).toEqual(["none", []]);
    },
  );
});
