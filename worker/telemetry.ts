/** The relay Worker's traces and metrics. */
import { env } from "cloudflare:workers";
import { configOf } from "../platforms/config.ts";
import { loadTracing } from "../platforms/tracing.ts";
import { createTelemetry, type Telemetry, type TelemetryOptions } from "../platforms/workers.ts";
import { SpendLimit } from "../relay/limits/spend-limit.ts";
import { size } from "./database.ts";
import { theCounters } from "./objects.ts";

const config = configOf(env);
/** What the counters last told this isolate. Its hubs share it. */
export const spendLimit = new SpendLimit(config);

const createRecorder = await loadTracing(config);

/**
 * What an invocation still does after its response is cancelled after 30 s.
 * https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
 */
const LONGEST_WAIT_SECONDS = 20;

/** Telemetry of the Worker's invocations: HTTP requests, new connections and the Cron. One invocation waits and sends for all. */
export function workerTelemetry(): Telemetry {
  const counts = 1000 * Math.min(config.COUNTS_INTERVAL, LONGEST_WAIT_SECONDS);
  return createTelemetry({
    ...common(),
    source: "http",
    counts,
    gauges: () =>
      size.bytes === undefined ? undefined : { of: "relay", values: { d1_size_bytes: size.bytes } },
    spansMilliseconds: 0,
  });
}

/** Telemetry of a hub. It counts much. `sendLater` arranges that its counts are sent, with its gauges. */
export function hubTelemetry(
  sendLater: () => Promise<void> | undefined,
  gauges: TelemetryOptions["gauges"],
): Telemetry {
  return createTelemetry({
    ...common(),
    source: "websocket",
    counts: sendLater,
    gauges,
    spansMilliseconds: 1000,
  });
}

/** Telemetry of the switchboard. It counts only failures. */
export function switchboardTelemetry(): Telemetry {
  const options = { ...common(), service: "switchboard", source: "websocket", counts: 0 } as const;
  return createTelemetry({ ...options, spansMilliseconds: 1000 });
}

function common() {
  return {
    service: "relay",
    createRecorder,
    addCounts: async (report) => {
      spendLimit.hear(await theCounters().add(report));
    },
    analytics: env.ANALYTICS,
  } satisfies Partial<TelemetryOptions>;
}
