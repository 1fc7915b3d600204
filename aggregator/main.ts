/** The aggregator Worker: Cron leases what is due, one queue pulls it, the other persists what came. */
import { env } from "cloudflare:workers";
import { verifySignature } from "../nostr/signature.ts";
import { connectWebSocket, fetchMaxLimit } from "../platforms/outgoing-socket.ts";
import { createTelemetry, instrumented, report, type TelemetryOptions } from "../platforms/workers.ts";
import { parseConfig } from "../relay/config.ts";
import { createDoor, publishThrough } from "../relay/door.ts";
import { Moderator } from "../relay/moderator.ts";
import { createModerationStore } from "../store/moderation.ts";
import { createStore } from "../store/sql-store.ts";
import { queueBatches } from "./bundle.ts";
import { consume, type DeadLetter } from "./consume.ts";
import { pull, type PullDeps } from "./pull.ts";
import { countersOf, switchboardOf } from "./relay-objects.ts";
import { beginPull, type Lease, leaseDue, nextPull, settlePull } from "./schedule.ts";
import { converse } from "./upstream.ts";

interface PullJob {
  version: 2;
  lease: Lease;
}

const parsed = parseConfig(env as unknown as Record<string, unknown>);
if (!parsed.ok) throw new Error(`the settings are wrong: ${parsed.problems.join("; ")}`);
const { config } = parsed;

const options: TelemetryOptions = {
  service: "aggregator",
  door: "upstream",
  zipkinUrl: config.ZIPKIN_URL,
  sampleRate: config.TRACE_SAMPLE_RATE,
  addCounts: (counts) => countersOf(env.COUNTERS).add(counts),
  analytics: env.ANALYTICS,
  gatherMilliseconds: 0,
};
const telemetry = createTelemetry(options);
const { metrics, tracer } = telemetry;
/** Upstreams have proven nothing: whatever needs its author's key is not taken from them. */
const fromQueue = {
  keys: new Set<string>(),
  addresses: config.RELAY_URL === "" ? [] : [config.RELAY_URL],
  ip: undefined,
};
const now = () => Math.floor(Date.now() / 1000);
const store = createStore(env.DB);

/** One for each batch: it reads anew what the operators decided. */
function createQueueDoor() {
  return createDoor({
    door: "queue",
    moderator: new Moderator({ source: createModerationStore(env.DB), config, now, report }),
    config,
    store,
    verify: verifySignature,
    now,
    publish: publishThrough({
      send: (publications) => switchboardOf(env.SWITCHBOARD).publish(publications),
      pause: (milliseconds) => scheduler.wait(milliseconds),
      report,
    }),
    report,
    metrics,
    tracer,
  });
}

function pullDeps(): PullDeps {
  const ingest = createQueueDoor();
  return {
    connect: async (url) => converse(await connectWebSocket(url)),
    maxLimit: fetchMaxLimit,
    known: (ids) => store.known(ids),
    enqueue: (bundles) => sendAll(env.EVENTS, bundles),
    persist: (event, traceparent) => ingest(event, { ...fromQueue, traceparent }),
    bury,
    longest: config.MAX_MESSAGE_LENGTH,
    farthest: config.CREATED_AT_UPPER_LIMIT,
    now,
    metrics,
    tracer,
  };
}

async function runPull(job: PullJob): Promise<void> {
  // One of an earlier version has no lease: Cron makes another one.
  const begun = job.version === 2 && (await beginPull(env.DB, job.lease, now()));
  if (!begun) return;
  const { lease, cursor, failures } = begun;
  const result = await pull(lease.url, cursor, pullDeps());
  // Said once, and not with every try.
  if (result.problem !== undefined && result.problem !== begun.problem) {
    report(`${lease.url} could not be pulled: ${result.problem}`);
  }
  const times = { now: now(), interval: config.PULL_INTERVAL, random: Math.random() };
  await settlePull(env.DB, lease, result, nextPull(result, failures, times));
}

function bury(letters: DeadLetter[]): Promise<void> {
  return sendAll(env.DEAD, letters);
}

async function sendAll<T>(queue: Queue<T>, bodies: T[]): Promise<void> {
  for (const batch of queueBatches(bodies)) {
    await queue.sendBatch(batch.map((body) => ({ body, contentType: "json" })));
  }
}

const handler: ExportedHandler<AggregatorEnv> = {
  async scheduled(_controller, _env, ctx) {
    const due = await leaseDue(env.DB, config.UPSTREAMS, now());
    await sendAll<PullJob>(
      env.PULLS,
      due.map((lease) => ({ version: 2, lease })),
    );
    metrics.add("queue_publish_counts", "upstream", due.length);
    ctx.waitUntil(telemetry.flush());
  },

  async queue(batch, _env, ctx) {
    if (batch.queue.endsWith("-pulls")) {
      await Promise.all(
        batch.messages.map(async (message) => {
          // The lease of one that fails runs out by itself, and the next Cron tries again.
          await runPull(message.body as PullJob).catch(report);
          message.ack();
        }),
      );
    } else {
      await consume(batch.messages, {
        ingest: createQueueDoor(),
        source: fromQueue,
        known: (ids) => store.known(ids),
        bury,
        report,
        metrics,
        tracer,
      });
    }
    ctx.waitUntil(telemetry.flush());
  },
};

export default instrumented(handler, telemetry, options);
