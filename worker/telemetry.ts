/** The relay Worker's traces and metrics. */
import { createTelemetry, type Telemetry, type TelemetryOptions } from "../platforms/workers.ts";
import type { Config } from "../relay/config.ts";

export function telemetryOptions(env: RelayEnv, config: Config): TelemetryOptions {
  return {
    service: "relay",
    door: "http",
    zipkinUrl: config.ZIPKIN_URL,
    sampleRate: config.TRACE_SAMPLE_RATE,
    addCounts: async (counts) => {
      await env.COUNTERS.getByName("counters").add(counts);
    },
    analytics: env.ANALYTICS,
    gatherMilliseconds: 0,
  };
}

/** A hub lives long and does much: what it counts leaves once a second at most. */
export function hubTelemetry(env: RelayEnv, config: Config): Telemetry {
  return createTelemetry({
    ...telemetryOptions(env, config),
    door: "websocket",
    gatherMilliseconds: 1000,
  });
}
