/** The aggregator in the relay's process, with queues on disk. */
import { type DatabaseSync } from "node:sqlite";
import { Aggregator, type Job } from "../aggregator/aggregator.ts";
import { fetchAnnounced } from "../aggregator/conversation/fetch-announced.ts";
import { returnLeases } from "../aggregator/pull/schedule.ts";
import type { Bundle } from "../aggregator/queue/bundle.ts";
import { unixSeconds, wait } from "../platforms/clock.ts";
import { nativeEventId } from "../platforms/event-id.ts";
import { createWorkerIngest } from "../platforms/ingest.ts";
import { report } from "../platforms/report.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import type { Telemetry } from "../platforms/workers.ts";
import type { Config } from "../relay/config.ts";
import type { Publication, PublishAnswer } from "../relay/live/switchboard.ts";
import type { Database } from "../store/database.ts";
import { createEventTraces } from "../store/event-traces.ts";
import { createStore } from "../store/sql-store.ts";
import type { StoreSize } from "../store/store-size.ts";
import { Jobs } from "./jobs.ts";
import { LiveUpstreams } from "./live-upstreams.ts";
import { connectWebSocket } from "./outgoing-socket.ts";
import { DiskQueue } from "./queue.ts";

interface ServerAggregatorDeps {
  config: Config;
  database: Database;
  size: StoreSize;
  /** The database of the queue, which no other process opens. */
  queueDatabase: DatabaseSync;
  telemetry: Telemetry;
  publish(publications: Publication[]): PublishAnswer;
  /** Keeps work alive until the server stops. The work must not reject. */
  background(work: Promise<void>): void;
}

export interface ServerAggregator {
  minute(): Promise<void>;
  stop(): Promise<void>;
}

/** As in aggregator/wrangler.toml. */
const JOBS_AT_ONCE = 10;
const BATCH_SIZE = 20;
const MOST_ATTEMPTS = 40;

export async function createServerAggregator(deps: ServerAggregatorDeps): Promise<ServerAggregator> {
  const { config, database, size, telemetry } = deps;
  const { metrics, tracer } = telemetry;
  const pullDatabase = retryingD1(database, telemetry, "upstream");
  const queueDatabase = retryingD1(database, telemetry, "queue");
  const queueStore = createStore(queueDatabase, size);
  const jobs = new Jobs<Job>(JOBS_AT_ONCE, (job) => aggregator.run(job));
  const events = new DiskQueue<Bundle>({
    db: deps.queueDatabase,
    batchSize: BATCH_SIZE,
    mostAttempts: MOST_ATTEMPTS,
    consume(messages, isLast) {
      metrics.add("invocations_total", { source: "queue" });
      return aggregator.consume(messages, isLast ? "dead" : "events");
    },
    now: Date.now,
    report,
  });
  const aggregator: Aggregator = new Aggregator({
    config,
    pullDatabase,
    queueDatabase,
    queueStore,
    size,
    createIngest: (access) =>
      createWorkerIngest({
        source: "queue",
        config,
        access,
        store: queueStore,
        traces: createEventTraces(queueDatabase),
        telemetry,
        send: async (publications) => deps.publish(publications),
      }),
    eventId: nativeEventId,
    jobs,
    events,
    measured: [events],
    connectWebSocket,
    fetchAnnounced,
    follow: (order) => live.follow(order),
    now: unixSeconds,
    milliseconds: Date.now,
    random: Math.random,
    pause: wait,
    report,
    metrics,
    tracer,
  });
  const live = new LiveUpstreams({
    connect: connectWebSocket,
    createIntake: (options) => aggregator.createIntake(options),
    signerFor: (url) => aggregator.signerFor(url),
    background: deps.background,
    now: unixSeconds,
    random: Math.random,
    metrics,
    tracer,
  });
  // No pull or job of the last run is left. Only their leases are on disk.
  await returnLeases(pullDatabase);
  events.wake();
  return {
    minute() {
      metrics.add("invocations_total", { source: "cron" });
      return aggregator.minute();
    },
    async stop() {
      jobs.stop();
      live.stop();
      await events.stop();
    },
  };
}
