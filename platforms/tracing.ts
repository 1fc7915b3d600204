/** Chooses how a Worker records spans. */
import type { Config } from "../relay/config.ts";
import type { TracingConfig } from "./collectors.ts";
import { type CreateRecorder, noRecorder } from "./recorder.ts";
import { cloudflareRecorder } from "./cloudflare-tracing.ts";

/** Loads OpenTelemetry only if its spans are sent. Otherwise it would delay the start of every isolate. */
export async function loadTracing(config: TracingConfig & Pick<Config, "TRACER">): Promise<CreateRecorder> {
  if (config.TRACER === "cloudflare") return () => cloudflareRecorder;
  if (config.ZIPKIN_URL === "" && config.OTLP_URL === "") return () => noRecorder;
  const { openTelemetryRecorder } = await import("./open-telemetry.ts");
  const { configuredSpans } = await import("./collectors.ts");
  return (service, dropped) =>
    openTelemetryRecorder({ service, ...configuredSpans(config, service, dropped) });
}
