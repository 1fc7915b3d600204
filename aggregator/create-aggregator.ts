/** The aggregator, with what every platform has: a clock, randomness and fetch. */
import { unixSeconds, wait } from "../platforms/clock.ts";
import { nativeEventId } from "../platforms/event-id.ts";
import { createWorkerIngest } from "../platforms/ingest.ts";
import { report } from "../platforms/report.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import type { Telemetry } from "../platforms/workers.ts";
import type { Publication, PublishAnswer } from "../relay/live/switchboard.ts";
import type { Database } from "../store/database/database.ts";
import { createEventTraces } from "../store/watch/event-traces.ts";
import { createStore } from "../store/sql/sql-store.ts";
import { Aggregator, type AggregatorDeps } from "./aggregator.ts";
import { fetchAnnounced } from "./conversation/fetch-announced.ts";
import type { LiveUpstreamDeps } from "./live/upstream.ts";

type Given =
  | "config"
  | "spendLimit"
  | "size"
  | "jobs"
  | "events"
  | "measured"
  | "connectWebSocket"
  | "follow";

interface AggregatorWiring extends Pick<AggregatorDeps, Given> {
  database: Database;
  telemetry: Telemetry;
  /** Sends publications to the switchboard. */
  send(publications: Publication[]): Promise<PublishAnswer>;
}

type LiveWiring = Omit<LiveUpstreamDeps, "kept" | "keep" | "wakeAt" | "background">;

/** Returns the aggregator, and what its live connections need. */
export function createAggregator({ database, telemetry, send, ...given }: AggregatorWiring) {
  const { config, size, connectWebSocket } = given;
  const { metrics, tracer } = telemetry;
  const pullDatabase = retryingD1(database, telemetry, "upstream");
  const queueDatabase = retryingD1(database, telemetry, "queue");
  const store = createStore(queueDatabase, size);
  const traces = createEventTraces(queueDatabase);
  const aggregator = new Aggregator({
    ...given,
    pullDatabase,
    queueDatabase,
    queueStore: store,
    createIngest: (access) =>
      createWorkerIngest({ source: "queue", config, access, store, traces, telemetry, send }),
    eventId: nativeEventId,
    fetchAnnounced,
    now: unixSeconds,
    milliseconds: Date.now,
    random: Math.random,
    pause: wait,
    report,
    metrics,
    tracer,
  });
  const live: LiveWiring = {
    connect: connectWebSocket,
    createIntake: (options) => aggregator.createIntake(options),
    signerFor: (url) => aggregator.signerFor(url),
    now: unixSeconds,
    random: Math.random,
    metrics,
    tracer,
  };
  return { aggregator, live, pullDatabase };
}
