/** Chooses how a Worker records spans. */
import type { Config } from "../relay/config.ts";
import { parseHeaders } from "../relay/header-list.ts";
import { NO_MOMENT, noTracer } from "../telemetry/tracing.ts";
import type { CreateRecorder, Recorder } from "./recorder.ts";
import { cloudflareRecorder } from "./cloudflare-tracing.ts";

const noRecorder: Recorder = {
  tracer: noTracer,
  capture: () => NO_MOMENT,
  instrument: (handler) => handler,
  isEmpty: true,
  flush: async () => undefined,
};

type TracingConfig = Pick<
  Config,
  "TRACER" | "ZIPKIN_URL" | "OTLP_URL" | "OTLP_HEADERS" | "TRACE_SAMPLE_RATE" | "TRACE_SLOW_MS"
>;

/** Loads OpenTelemetry only if its spans are sent. Otherwise it would delay the start of every isolate. */
export async function loadTracing(config: TracingConfig): Promise<CreateRecorder> {
  const { ZIPKIN_URL, OTLP_URL, OTLP_HEADERS } = config;
  if (config.TRACER === "cloudflare") return () => cloudflareRecorder;
  if (ZIPKIN_URL === "" && OTLP_URL === "") return () => noRecorder;
  const { openTelemetryRecorder } = await import("./open-telemetry.ts");
  const { otlpCollector, zipkinCollector } = await import("./collectors.ts");
  const headers = parseHeaders(OTLP_HEADERS) ?? {};
  return (service, dropped) =>
    openTelemetryRecorder({
      service,
      dropped,
      collectors: [
        ...(ZIPKIN_URL === "" ? [] : [zipkinCollector({ service, url: ZIPKIN_URL, dropped })]),
        ...(OTLP_URL === "" ? [] : [otlpCollector({ service, url: OTLP_URL, headers, dropped })]),
      ],
      sampleRate: config.TRACE_SAMPLE_RATE,
      slowMilliseconds: config.TRACE_SLOW_MS,
    });
}
