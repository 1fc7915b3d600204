/** The ingest path of a Worker. It has no subscriptions, so it publishes through the switchboard. */
import type { Access } from "../relay/access/access.ts";
import type { Config } from "../relay/config.ts";
import { createIngest, publishThrough } from "../relay/ingest/create-ingest.ts";
import type { Ingest } from "../relay/ingest/ingest.ts";
import type { Publication, PublishAnswer } from "../relay/live/switchboard.ts";
import type { EventTraces } from "../store/watch/event-traces.ts";
import type { Store } from "../store/store.ts";
import type { Source } from "../telemetry/metrics.ts";
import { unixSeconds, wait } from "./clock.ts";
import { nativeEventId } from "./event-id.ts";
import { nativeVerify } from "./signature.ts";
import { report } from "./report.ts";
import type { Telemetry } from "./workers.ts";

interface WorkerIngestDeps {
  source: Source;
  config: Config;
  access: Access;
  store: Store;
  traces: Pick<EventTraces, "remember">;
  telemetry: Telemetry;
  /** Sends publications to the switchboard. */
  send(publications: Publication[]): Promise<PublishAnswer>;
}

export function createWorkerIngest(deps: WorkerIngestDeps): Ingest {
  const { source, config, access, store, telemetry } = deps;
  const ingest = createIngest({
    source,
    config,
    access,
    store,
    verify: nativeVerify,
    idOf: nativeEventId,
    now: unixSeconds,
    pause: wait,
    publish: publishThrough({
      send: (publications) => deps.send(publications),
      pause: wait,
      report,
      tracer: telemetry.tracer,
    }),
    rememberTraces: (events) => deps.traces.remember(events).catch(report),
    report,
    metrics: telemetry.metrics,
    tracer: telemetry.tracer,
  });
  return (value, sender) => ingest(value, { ...sender, trace: sender.trace ?? telemetry.capture() });
}
