/** The metrics of a server: they are summed in the process, and kept over restarts. */
import type { DatabaseSync } from "node:sqlite";
import { unixSeconds } from "../platforms/clock.ts";
import { createTelemetry, type Telemetry } from "../platforms/workers.ts";
import { type CreateRecorder, noRecorder } from "../platforms/recorder.ts";
import type { Config } from "../relay/config.ts";
import type { Report } from "../telemetry/report.ts";
import type { Sums } from "../telemetry/sums.ts";
import { KeptSums } from "./sums.ts";

export interface ServerTelemetry {
  telemetry: Telemetry;
  kept: KeptSums;
  /** Returns the sums, with all that has been counted until now. */
  current(): Promise<Sums>;
  /** Writes the sums to disk. */
  keep(): Promise<void>;
}

/** `gauges` are those of the process, with the name of who reports them. */
export async function createServerTelemetry(
  config: Config,
  db: DatabaseSync,
  gauges: () => Report["gauges"],
): Promise<ServerTelemetry> {
  const kept = new KeptSums(db);
  const telemetry = createTelemetry({
    service: "relay",
    source: "websocket",
    createRecorder: await createRecorder(config),
    addCounts: async (report) => void kept.sums.add(report, unixSeconds()),
    gauges,
    counts: 0,
    spansMilliseconds: 0,
  });
  const current = async () => {
    await telemetry.sendCounts();
    return kept.sums;
  };
  return {
    telemetry,
    kept,
    current,
    async keep() {
      await current();
      kept.keep();
    },
  };
}

/** Loads the recorder only if there is a collector. Cloudflare's own tracing is not here. */
async function createRecorder(config: Config): Promise<CreateRecorder> {
  if (config.ZIPKIN_URL === "" && config.OTLP_URL === "") return () => noRecorder;
  const { configuredSpans } = await import("../platforms/collectors.ts");
  const { sampledSpans } = await import("../platforms/sampled-spans.ts");
  return (service, dropped) => {
    const { tracer, capture, isEmpty, flush } = sampledSpans(configuredSpans(config, service, dropped));
    return {
      tracer,
      capture,
      flush,
      get isEmpty() {
        return isEmpty();
      },
      instrument: (handler) => handler,
    };
  };
}
