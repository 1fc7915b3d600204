import { describe, expect, it } from "vitest";
import { parseTraceparent } from "../telemetry/traceparent.ts";
import { loadTracing } from "./tracing.ts";

const COLLECTOR = "http://collector.test/api/v2/spans";

/** Returns the traceparent that work gets with these settings. */
async function traceparentWith(settings: { TRACER: "zipkin" | "cloudflare"; ZIPKIN_URL: string }) {
  const createRecorder = await loadTracing({ ...settings, TRACE_SAMPLE_RATE: 1 });
  const { tracer } = createRecorder("relay", () => undefined);
  return tracer.span("commit", { attributes: { events: 1 } }, async ({ traceparent }) => traceparent);
}

describe("the recorder of spans", () => {
  it("is OpenTelemetry when there is a collector, and nothing without one", async () => {
    const traceparent = await traceparentWith({ TRACER: "zipkin", ZIPKIN_URL: COLLECTOR });
    expect(parseTraceparent(traceparent ?? "")).toMatchObject({ traceFlags: 1 });
    expect(await traceparentWith({ TRACER: "zipkin", ZIPKIN_URL: "" })).toBeUndefined();
  });

  it("is Cloudflare's tracing when the setting says so, which records nothing where a Worker is not traced", async () => {
    expect(await traceparentWith({ TRACER: "cloudflare", ZIPKIN_URL: COLLECTOR })).toBeUndefined();
  });
});

it("a span of Cloudflare's tracing passes on what its work resolves to or throws", async () => {
  const createRecorder = await loadTracing({ TRACER: "cloudflare", ZIPKIN_URL: "", TRACE_SAMPLE_RATE: 1 });
  const { tracer } = createRecorder("relay", () => undefined);
  const parent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
  expect(await tracer.span("consume", { parent }, async () => 7)).toBe(7);
  const failure = new TypeError("no");
  await expect(tracer.span("consume", { parent }, () => Promise.reject(failure))).rejects.toBe(failure);
});
