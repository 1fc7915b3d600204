/** The aggregator in the relay's process, with queues on disk. */
import { type DatabaseSync } from "node:sqlite";
import type { Job } from "../aggregator/aggregator.ts";
import { createAggregator } from "../aggregator/create-aggregator.ts";
import { returnLeases } from "../aggregator/pull/schedule.ts";
import type { Bundle } from "../aggregator/queue/bundle.ts";
import { report } from "../platforms/report.ts";
import type { Telemetry } from "../platforms/workers.ts";
import type { Config } from "../relay/config.ts";
import type { Publication, PublishAnswer } from "../relay/live/switchboard.ts";
import type { Database } from "../store/database/database.ts";
import type { StoreSize } from "../store/database/store-size.ts";
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
  const { metrics } = deps.telemetry;
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
  const { aggregator, live, pullDatabase } = createAggregator({
    config: deps.config,
    database: deps.database,
    size: deps.size,
    telemetry: deps.telemetry,
    send: async (publications) => deps.publish(publications),
    jobs,
    events,
    measured: [events],
    connectWebSocket,
    follow: (order) => upstreams.follow(order),
  });
  const upstreams = new LiveUpstreams({ ...live, background: deps.background });
  // No pull or job of the last run is left. Only their leases are on disk. If nothing can be written, they end by themselves.
  await returnLeases(pullDatabase).catch(report);
  events.wake();
  return {
    minute() {
      metrics.add("invocations_total", { source: "cron" });
      return aggregator.minute();
    },
    async stop() {
      jobs.stop();
      upstreams.stop();
      await events.stop();
    },
  };
}
