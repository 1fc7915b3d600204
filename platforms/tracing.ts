/** Chooses how a Worker records spans. */
import type { Config } from "../relay/config.ts";
import type { TracingConfig } from "./collectors.ts";
import { traced } from "./invocations.ts";
import { type CreateRecorder, noRecorder } from "./recorder.ts";
import { cloudflareRecorder } from "./cloudflare-tracing.ts";

/** Loads the recorder only if there is a collector. Otherwise it would delay the start of every isolate. */
export async function loadTracing(config: TracingConfig & Pick<Config, "TRACER">): Promise<CreateRecorder> {
  if (config.TRACER === "cloudflare") return () => cloudflareRecorder;
  if (config.ZIPKIN_URL === "" && config.OTLP_URL === "") return () => noRecorder;
  const { sampledSpans } = await import("./sampled-spans.ts");
  const { configuredSpans } = await import("./collectors.ts");
  return (service, dropped) => {
    const recorder = sampledSpans(configuredSpans(config, service, dropped));
    return { ...recorder, instrument: (handler, flush) => traced(handler, recorder.tracer, flush) };
  };
}
