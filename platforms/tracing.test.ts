import { describe, expect, it } from "vitest";
import { parseTraceparent } from "../telemetry/traceparent.ts";
import { loadTracing } from "./tracing.ts";

const COLLECTOR = "http://collector.test/api/v2/spans";

const SETTINGS = {
  TRACER: "zipkin",
  ZIPKIN_URL: "",
  OTLP_URL: "",
  OTLP_HEADERS: "",
  TRACE_SAMPLE_RATE: 1,
  TRACE_SLOW_MS: 1000,
} as const;

/** Returns the traceparent that work gets with these settings. */
async function traceparentWith(settings: Partial<Parameters<typeof loadTracing>[0]>) {
  const createRecorder = await loadTracing({ ...SETTINGS, ...settings });
  const { tracer } = createRecorder("relay", () => undefined);
  return tracer.span("commit", { attributes: { events: 1 } }, async ({ traceparent }) => traceparent);
}

describe("the recorder of spans", () => {
  it.each(["ZIPKIN_URL", "OTLP_URL"])("is OpenTelemetry when there is a collector at %s", async (setting) => {
    const traceparent = await traceparentWith({ [setting]: COLLECTOR });
    expect(parseTraceparent(traceparent ?? "")).toMatchObject({ traceFlags: 1 });
  });

  it("is nothing without a collector", async () => {
    expect(await traceparentWith({})).toBeUndefined();
  });

  it("is Cloudflare's tracing when the setting says so, which records nothing where a Worker is not traced", async () => {
    expect(await traceparentWith({ TRACER: "cloudflare", ZIPKIN_URL: COLLECTOR })).toBeUndefined();
  });
});

it("a span of Cloudflare's tracing passes on what its work resolves to or throws", async () => {
  const createRecorder = await loadTracing({ ...SETTINGS, TRACER: "cloudflare" });
  const { tracer } = createRecorder("relay", () => undefined);
  const parent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
  expect(await tracer.span("consume", { parent }, async () => 7)).toBe(7);
  const failure = new TypeError("no");
  await expect(tracer.span("consume", { parent }, () => Promise.reject(failure))).rejects.toBe(failure);
});
