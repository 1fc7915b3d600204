/** Both Workers in workerd, through Miniflare: the bundles that wrangler would deploy, with the bindings it would make. */
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  MiniflareCoreError,
  type MiniflareOptions,
} from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { bundle } from "./bundle.ts";
import { endTogether } from "./end-together.ts";
import { withoutSignalHandlers } from "./interruption.ts";
import { LOCAL_QUEUE, localQueueWorker, withLocalQueues } from "./local-queue.ts";
import { migrate } from "./migrate.ts";
import { CommandError, messageOf } from "./usage.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RELAY = "wrangler.toml";
const AGGREGATOR = "aggregator/wrangler.toml";
const CRON_MILLISECONDS = 60_000;

export interface LocalOptions {
  port: number;
  state: string;
  settings: Record<string, string>;
}

export async function startLocally(options: LocalOptions): Promise<{ stop(): Promise<void> }> {
  await assertPortIsFree(options.port);
  const built = await miniflareOptions(options);
  const miniflare = withoutSignalHandlers(() => new Miniflare(built));
  await listening(miniflare, options.port);
  await migrate(await miniflare.getD1Database("DB"), join(ROOT, "migrations"));
  const cron = startCron(miniflare);
  return {
    async stop() {
      cron.stop();
      await miniflare.dispose();
    },
  };
}

/** Both Workers as one Miniflare takes them. */
export async function miniflareOptions({ port, state, settings }: LocalOptions): Promise<MiniflareOptions> {
  return convertV4MiniflareOptions({
    workers: await Promise.all([
      localWorker(RELAY, settings),
      localWorker(AGGREGATOR, settings).then(withLocalQueues),
      localQueueWorker(),
    ]),
    host: "localhost",
    port,
    resourcePersistencePath: resolve(state),
    cf: false,
    log: new Log(LogLevel.WARN),
  } as never);
}

async function localWorker(config: string, settings: Record<string, string>) {
  const file = join(ROOT, config);
  const { workerOptions } = unstable_getMiniflareWorkerOptions(file);
  return {
    ...workerOptions,
    name: unstable_readConfig({ config: file }).name,
    bindings: { ...(workerOptions.bindings as object | undefined), ...settings },
    modules: [{ type: "ESModule", path: "main.js", contents: await bundle(config) }],
  };
}

/** As Cloudflare would: every minute. And once at the start, so that nobody waits for the first pull. */
function startCron(miniflare: Miniflare): { stop(): void } {
  let isStopped = false;
  const fire = async (name: string) => {
    try {
      const worker = await miniflare.getWorker(name);
      await worker.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
    } catch (error) {
      // What it was doing is cut off with the rest, and taken up at the next start.
      if (!isStopped) console.error(`the cron of ${name} failed: ${messageOf(error)}`);
    }
  };
  const fireAll = () => {
    for (const name of ["tributary", "tributary-aggregator", LOCAL_QUEUE]) void fire(name);
  };
  fireAll();
  const timer = setInterval(fireAll, CRON_MILLISECONDS);
  return {
    stop() {
      isStopped = true;
      clearInterval(timer);
    },
  };
}

/** Building takes seconds, and another program may have taken the port meanwhile. */
async function listening(miniflare: Miniflare, port: number): Promise<void> {
  try {
    await endTogether("workerd", () => miniflare.ready);
  } catch (error) {
    const isTaken = error instanceof MiniflareCoreError && error.code === "ERR_ADDRESS_IN_USE";
    throw isTaken ? unusablePort(port, "it was taken meanwhile") : error;
  }
}

/** Said before anything is built, and in words. */
async function assertPortIsFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, failed) => {
    server.once("error", (error) => failed(unusablePort(port, error.message)));
    server.listen(port, "localhost", () => server.close(() => done()));
  });
}

function unusablePort(port: number, reason: string): CommandError {
  return new CommandError(`port ${port} cannot be used (${reason}): choose another one with --port`);
}
