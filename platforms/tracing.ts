/** Chooses how a Worker records spans. */
import type { Config } from "../relay/config.ts";
import { noTracer } from "../telemetry/tracing.ts";
import type { CreateRecorder, Recorder } from "./recorder.ts";
import { cloudflareRecorder } from "./cloudflare-tracing.ts";

const noRecorder: Recorder = {
  tracer: noTracer,
  instrument: (handler) => handler,
  isEmpty: true,
  flush: async () => undefined,
};

/** Loads OpenTelemetry only if its spans are sent. Otherwise it would delay the start of every isolate. */
export async function loadTracing(
  config: Pick<Config, "TRACER" | "ZIPKIN_URL" | "TRACE_SAMPLE_RATE">,
): Promise<CreateRecorder> {
  if (config.TRACER === "cloudflare") return () => cloudflareRecorder;
  if (config.ZIPKIN_URL === "") return () => noRecorder;
  const { openTelemetryRecorder } = await import("./open-telemetry.ts");
  return (service, dropped) =>
    openTelemetryRecorder({
      service,
      dropped,
      zipkinUrl: config.ZIPKIN_URL,
      sampleRate: config.TRACE_SAMPLE_RATE,
    });
}
