/** The aggregator Worker: Cron leases upstreams that are due, one queue pulls them, the other ingests their events. */
import { env } from "cloudflare:workers";
import { authentication } from "../nostr/authentication.ts";
import { unixSeconds, wait } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import { nativeEventId } from "../platforms/event-id.ts";
import { openD1 } from "../platforms/d1.ts";
import { createWorkerIngest } from "../platforms/ingest.ts";
import { connectWebSocket, fetchAnnounced } from "./conversation/outgoing-socket.ts";
import { loadTracing } from "../platforms/tracing.ts";
import { report } from "../platforms/report.ts";
import { createTelemetry } from "../platforms/workers.ts";
import { isOutdated, retentionOf } from "../relay/retention.ts";
import type { Ingest } from "../relay/ingest/ingest.ts";
import { Access } from "../relay/access/access.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import { createDeadLetters } from "../store/dead-letters.ts";
import { saveBacklog } from "../store/gauges.ts";
import { beginChoice, endChoice } from "../store/outbox.ts";
import { createEventTraces } from "../store/event-traces.ts";
import { createRefusedIds } from "../store/refused-ids.ts";
import { createModerationStore } from "../store/sql-moderation.ts";
import { createStore } from "../store/sql-store.ts";
import { unneeded } from "../store/unneeded.ts";
import { measure, sizedDatabase, StoreSize } from "../store/store-size.ts";
import { backlogOf } from "./queue/backlog.ts";
import type { Bundle } from "./queue/bundle.ts";
import { callBound, CALLS_OF_LARGE_EVENT } from "./turn/call-bound.ts";
import { consume, type ConsumeDeps, LAST_PATIENCE, PATIENCE } from "./queue/consume.ts";
import { byCurrentDecisions } from "./queue/current-decisions.ts";
import type { PullDeps } from "./turn/job.ts";
import { ingestLarge } from "./turn/large-event.ts";
import { LiveIntake } from "./live/intake.ts";
import { liveObject } from "./live/object.ts";
import { orderLive } from "./live/schedule.ts";
import { type OnwardJob, runOnward } from "./onward/job.ts";
import { leaseOnward } from "./onward/schedule.ts";
import { type PullJob, runPull } from "./pull/pull-job.ts";
import { type OutboxDeps, refreshOutbox } from "./outbox/outbox.ts";
import { fetchLists, readLists } from "./outbox/lists.ts";
import { redrive } from "./queue/redrive.ts";
import { countersOf, switchboardOf } from "./relay-objects.ts";
import { fingerprintOf } from "./pull/rules.ts";
import { QueuedCopies } from "./queue/queued-copies.ts";
import { leaseDue } from "./pull/schedule.ts";
import { type QueueProducer, sendAll } from "./queue/send-all.ts";
import { converse } from "./conversation/upstream.ts";

const config = configOf(env);

const telemetry = createTelemetry({
  service: "aggregator",
  source: "upstream",
  createRecorder: await loadTracing(config),
  addCounts: (counts) => countersOf(env.COUNTERS, config.LOCATION).add(counts),
  analytics: env.ANALYTICS,
  // A batch of a queue may not be over before its invocation is, so none waits for more.
  counts: 0,
  spansMilliseconds: 0,
});
const { metrics, tracer } = telemetry;
/** Upstreams have not authenticated: events that need their author's key are refused. */
const fromQueue = {
  keys: new Set<string>(),
  addresses: config.RELAY_URL === "" ? [] : [config.RELAY_URL],
};
const retention = retentionOf(config);
const size = new StoreSize(config.MAX_STORE_BYTES);
const database = sizedDatabase(openD1(env.DB), size);
/** The database for the state of upstreams, and the database for their events: the same one, counted separately. */
const pullDatabase = retryingD1(database, metrics, "upstream");
const queueDatabase = retryingD1(database, metrics, "queue");
const queueStore = createStore(queueDatabase, size);
const fingerprint = fingerprintOf(config);

function createQueueAccess() {
  return new Access({ moderation: createModerationStore(queueDatabase), config, now: unixSeconds, report });
}

/** Created for each batch, so that it reads the current decisions of the operators. */
function createQueueIngest(access = createQueueAccess()) {
  return createWorkerIngest({
    source: "queue",
    config,
    access,
    store: queueStore,
    traces: createEventTraces(queueDatabase),
    telemetry,
    send: (publications) => switchboardOf(env.SWITCHBOARD, config.LOCATION).publish(publications),
  });
}

function consumeDeps(ingest: Ingest): ConsumeDeps {
  return {
    ingest,
    sender: fromQueue,
    unneeded: (upstream, ids) => unneeded(queueDatabase, fingerprint, { upstream, ids }),
    remember: createRefusedIds(queueDatabase, fingerprint).remember,
    hasRoom: () => size.hasRoomForUpstreams,
    deadLetter: (letters) => createDeadLetters(queueDatabase).add(letters, unixSeconds()),
    farthest: config.CREATED_AT_UPPER_LIMIT,
    now: unixSeconds,
    report,
    metrics,
    tracer,
  };
}

const queuedCopies = new QueuedCopies({ eventId: nativeEventId, now: unixSeconds });

function pullDeps(): PullDeps {
  const large = { ...consumeDeps(createQueueIngest()), longest: config.MAX_MESSAGE_LENGTH };
  const bounded = callBound();
  const queue: QueueProducer<Bundle> = {
    sendBatch: bounded((...given: Parameters<typeof env.EVENTS.sendBatch>) => env.EVENTS.sendBatch(...given)),
  };
  return {
    connect,
    announced: fetchAnnounced,
    unneeded: bounded((ids: string[], upstream: string) =>
      unneeded(pullDatabase, fingerprint, { upstream, ids }),
    ),
    hasRoom: () => size.hasRoomForUpstreams,
    enqueue: (bundles) => sendAll(queue, bundles, { metrics }),
    queued: queuedCopies,
    ingestLarge: bounded(
      (event: unknown, head: Pick<Bundle, "upstream" | "traceparent">) => ingestLarge(event, head, large),
      CALLS_OF_LARGE_EVENT,
    ),
    longest: config.MAX_MESSAGE_LENGTH,
    farthest: config.CREATED_AT_UPPER_LIMIT,
    isOutdated: (event) => isOutdated(retention, event, unixSeconds()),
    now: unixSeconds,
    milliseconds: Date.now,
    pause: wait,
    metrics,
    tracer,
  };
}

async function connect(url: string) {
  return converse(await connectWebSocket(url), { sign: signerFor(url) });
}

function outboxDeps(): OutboxDeps {
  return {
    begin: (now) => beginChoice(pullDatabase, now),
    read: (kind, authors) => readLists(queueStore, { kind, authors }, unixSeconds()),
    fetch: (url, questions) => fetchLists(url, questions, pullDeps()),
    end: (updates, result) => endChoice(pullDatabase, updates, result),
    own: config.RELAY_URL,
    configured: config.UPSTREAMS,
    now: unixSeconds,
    report,
  };
}

/** Returns what answers a challenge of this upstream (NIP-42); undefined if the relay has no key. */
function signerFor(url: string) {
  const secret = config.RELAY_SECRET_KEY;
  if (secret === "") return undefined;
  return (challenge: string) => authentication({ relay: url, challenge, now: unixSeconds() }, secret);
}

async function runPullJob(job: PullJob): Promise<void> {
  await runPull(job, { db: pullDatabase, config, pull: pullDeps(), random: Math.random, report });
}

async function runOnwardJob(job: OnwardJob): Promise<void> {
  const clock = { pause: wait, now: unixSeconds };
  await runOnward(job, { db: pullDatabase, connect, ...clock, random: Math.random, report, metrics, tracer });
}

/** One for each upstream in live mode, named after its address. */
export class LiveObject extends liveObject({
  connect: connectWebSocket,
  createIntake(options) {
    const access = createQueueAccess();
    return new LiveIntake({
      ...options,
      longest: config.MAX_MESSAGE_LENGTH,
      isOutdated: (event) => isOutdated(retention, event, unixSeconds()),
      ingest: createQueueIngest(access),
      sender: fromQueue,
      consume: (messages, ingest) => consume(messages, byCurrentDecisions(consumeDeps(ingest), access)),
      enqueue: (bundles, delaySeconds) => sendAll(env.EVENTS, bundles, { metrics, delaySeconds }),
      report,
    });
  },
  signerFor,
  now: unixSeconds,
  random: Math.random,
  metrics,
  flush: (background) => telemetry.flush(background),
}) {}

const handler: ExportedHandler<AggregatorEnv> = {
  async scheduled(_controller, _env, ctx) {
    await measure(pullDatabase);
    const warning = size.warning(unixSeconds());
    if (warning !== undefined) report(warning);
    // Without room, no connection gets an order, and all of them close.
    if (size.hasRoomForUpstreams)
      await orderLive(pullDatabase, config.UPSTREAMS, {
        follow: (order) => env.LIVE.getByName(order.url).follow(order),
        wait,
        report,
      }).catch(report);
    // Upstreams that are not leased stay due, and are pulled as soon as there is room.
    const due = size.hasRoomForUpstreams ? await leaseDue(pullDatabase, config.UPSTREAMS, unixSeconds()) : [];
    const leaving = await leaseOnward(pullDatabase, config.UPSTREAMS, unixSeconds()).catch(
      (error: unknown) => {
        report(error);
        return [];
      },
    );
    const jobs = [
      ...due.map((lease): PullJob => ({ version: 3, lease })),
      ...leaving.map((lease): OnwardJob => ({ version: 4, task: "onward", lease })),
    ];
    await sendAll<PullJob | OnwardJob>(env.PULLS, jobs, { metrics });
    const letters = createDeadLetters(pullDatabase);
    const enqueue = (bundles: Bundle[]) => sendAll(env.EVENTS, bundles, { metrics });
    await redrive({ letters, enqueue }).catch(report);
    await letters.age(unixSeconds()).catch(report);
    await backlogOf([env.EVENTS, env.DEAD])
      .then((backlog) => saveBacklog(pullDatabase, backlog, unixSeconds()))
      .catch(report);
    await createRefusedIds(pullDatabase, fingerprint).forget(unixSeconds()).catch(report);
    if (size.hasRoomForUpstreams) await refreshOutbox(outboxDeps()).catch(report);
    telemetry.flush((work) => ctx.waitUntil(work));
  },

  async queue(batch, _env, ctx) {
    if (batch.queue.endsWith("-pulls")) {
      await Promise.all(
        batch.messages.map(async (message) => {
          const job = message.body as PullJob | OnwardJob;
          // If a job fails, its lease expires and a later Cron tries again.
          await (job.version === 4 ? runOnwardJob(job) : runPullJob(job)).catch(report);
          message.ack();
        }),
      );
    } else {
      const isDead = batch.queue.endsWith("-dead");
      await consume(batch.messages, consumeDeps(createQueueIngest()), isDead ? LAST_PATIENCE : PATIENCE);
    }
    telemetry.flush((work) => ctx.waitUntil(work));
  },
};

export default telemetry.instrument(handler);
