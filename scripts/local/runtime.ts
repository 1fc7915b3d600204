/** Runs both Workers in workerd, through Miniflare: the bundles that wrangler would deploy, with the same bindings. */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare, MiniflareCoreError, type MiniflareOptions } from "miniflare";
import { returnLeases } from "../../aggregator/pull/schedule.ts";
import { readMigrations } from "../../platforms/migration-files.ts";
import { currentDatabase } from "../../store/database/current-database.ts";
import type { Database } from "../../store/database/database.ts";
import { runBuildProgram } from "../shared/build-program.ts";
import { bundle } from "../shared/bundle.ts";
import { isSignatureCheckSlow } from "../shared/signature-check.ts";
import { endTogether } from "./end-together.ts";
import { splitAssets } from "./assets.ts";
import { assertPortIsFree, portInUse, unusable } from "./free-port.ts";
import { type Forwarding, forwardPort } from "./forward-port.ts";
import { withClosedMetrics } from "./host-option.ts";
import { readableLine } from "./log-line.ts";
import { withoutSignalHandlers } from "./interruption.ts";
import { limitsOf, LOCAL_QUEUE, localQueueWorker, withLocalQueues } from "./queue.ts";
import { miniflareOptionsOf, workerOptionsOf } from "./unstable.ts";
import { messageOf } from "../shared/usage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RELAY = "wrangler.toml";
const AGGREGATOR = "aggregator/wrangler.toml";
const CRON_MILLISECONDS = 60_000;
/** Here nothing is billed by the request, and there are few clients. */
const LOCAL_SETTINGS = { COUNTS_INTERVAL: "1", HUB_REGIONS: "one", TRACE_SAMPLE_RATE: "1" };
/** Names the database's file in a state folder. Another name would hide the events of existing folders. */
const DATABASE = "00000000-0000-0000-0000-000000000000";

interface LocalOptions {
  port: number;
  /** localhost (both 127.0.0.1 and ::1), or an address. */
  host?: string;
  state: string;
  settings: Record<string, string>;
  /** Called with a line for each step that takes time. */
  say?: (line: string) => void;
}

export interface RunningLocally {
  /** Runs the minute jobs now. They also run by themselves every minute. */
  runMinuteJobs(): void;
  stop(): Promise<void>;
}

export async function startLocally(options: LocalOptions): Promise<RunningLocally> {
  const { port, host = "localhost", say = () => undefined } = options;
  const isLocal = host === "localhost";
  for (const address of isLocal ? ["127.0.0.1", "::1"] : [host]) await assertPortIsFree(port, address);
  say("starting the relay and the aggregator");
  await runBuildProgram("web/build.js");
  const built = await miniflareOptions(options);
  if (isSignatureCheckSlow())
    say("signatures are checked in JavaScript, four times slower: stop, npm run build:wasm, and start again");
  const miniflare = withoutSignalHandlers(() => new Miniflare(built));
  await listening(miniflare, port);
  const forwarding = isLocal ? await forward(port) : undefined;
  // No pull or job of the last run is left. Only their leases are on disk.
  await returnLeases(await databaseOf(miniflare));
  const cron = startCron(miniflare);
  return {
    runMinuteJobs: cron.fire,
    async stop() {
      cron.stop();
      forwarding?.stop();
      await miniflare.dispose();
    },
  };
}

/** Returns the database of both Workers. Like theirs, it has its tables before the first statement. */
async function databaseOf(miniflare: Miniflare): Promise<Database> {
  const db = (await miniflare.getD1Database("DB", "tributary-aggregator")) as unknown as Database;
  return currentDatabase(db, {
    migrations: readMigrations(),
    now: () => Math.floor(Date.now() / 1000),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  });
}

/** Returns the options of one Miniflare for both Workers. */
export async function miniflareOptions({
  port,
  host = "localhost",
  state,
  settings,
  say = () => undefined,
}: LocalOptions): Promise<MiniflareOptions> {
  const [relay, aggregator] = await Promise.all([
    localWorker(RELAY, withClosedMetrics(host, settings), say),
    localWorker(AGGREGATOR, settings, say),
  ]);
  return miniflareOptionsOf({
    workers: [
      ...splitAssets(relay),
      withLocalQueues(aggregator),
      await localQueueWorker(limitsOf(aggregator)),
    ],
    host,
    port,
    resourcePersistencePath: resolve(state),
    cf: false,
    log: new Log(LogLevel.WARN),
    handleStructuredLogs: printLog,
  });
}

/** The log goes to stderr, as the platform's own messages do. */
function printLog({ message }: { message: string }): void {
  console.error(readableLine(message));
}

async function localWorker(config: string, settings: Record<string, string>, say: (line: string) => void) {
  const modules = await bundle(config, () => say(`building ${config}, this takes a few seconds`));
  return {
    ...workerOptionsOf(join(ROOT, config), { ...LOCAL_SETTINGS, ...settings }),
    d1Databases: { DB: DATABASE },
    // One process: the relay's own rate limiter sees every request.
    ratelimits: {},
    modules,
  };
}

/**
 * Starts the minute jobs every minute, like Cloudflare, and once at the start, so that the first pull begins at once.
 */
function startCron(miniflare: Miniflare): { fire(): void; stop(): void } {
  let isStopped = false;
  const fireOne = async (name: string) => {
    try {
      const worker = await miniflare.getWorker(name);
      await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
    } catch (error) {
      // When stopped, the job is cut off. The next start continues its work.
      if (!isStopped) console.error(`the cron of ${name} failed: ${messageOf(error)}`);
    }
  };
  const fire = () => {
    for (const name of ["tributary", "tributary-aggregator", LOCAL_QUEUE]) void fireOne(name);
  };
  fire();
  const timer = setInterval(fire, CRON_MILLISECONDS);
  return {
    fire,
    stop() {
      isStopped = true;
      clearInterval(timer);
    },
  };
}

/** Waits until workerd listens. Another program may have taken the port during the build. */
async function listening(miniflare: Miniflare, port: number): Promise<void> {
  try {
    await endTogether("workerd", () => miniflare.ready);
  } catch (error) {
    const isTaken = error instanceof MiniflareCoreError && error.code === "ERR_ADDRESS_IN_USE";
    throw isTaken ? portInUse(port) : error;
  }
}

/** Forwards ::1, because workerd listens only on 127.0.0.1. */
async function forward(port: number): Promise<Forwarding | undefined> {
  try {
    return await forwardPort(port, "::1", "127.0.0.1");
  } catch (error) {
    throw unusable(error as NodeJS.ErrnoException, port, "::1");
  }
}
