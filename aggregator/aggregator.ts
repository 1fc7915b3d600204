/** The aggregator, on any platform: what each minute brings, the jobs that it hands out, and the consumer of events. */
import { authentication } from "../nostr/authentication.ts";
import type { Event } from "../nostr/event.ts";
import { isOutdated, type Retention, retentionOf } from "../relay/retention.ts";
import type { Ingest, IngestDeps, Sender } from "../relay/ingest/ingest.ts";
import { Access } from "../relay/access/access.ts";
import type { Config } from "../relay/config.ts";
import type { SpendLimit } from "../relay/limits/spend-limit.ts";
import type { Database } from "../store/database/database.ts";
import { createDeadLetters } from "../store/letters/dead-letters.ts";
import { saveBacklog } from "../store/watch/gauges.ts";
import { beginChoice, endChoice } from "../store/upstreams/outbox.ts";
import { createRefusedIds } from "../store/upstreams/refused-ids.ts";
import { createModerationStore } from "../store/moderation/sql-moderation.ts";
import type { Store } from "../store/store.ts";
import { unneeded } from "../store/upstreams/unneeded.ts";
import { measure, type StoreSize } from "../store/database/store-size.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracer } from "../telemetry/tracing.ts";
import type { Announced } from "./conversation/announced.ts";
import { remembering } from "./conversation/remembered.ts";
import type { UpstreamSocket } from "./conversation/line.ts";
import { converse } from "./conversation/upstream.ts";
import { LiveIntake, type LiveIntakeDeps } from "./live/intake.ts";
import { type LiveScheduleDeps, orderLive } from "./live/schedule.ts";
import { type OnwardJob, runOnward } from "./onward/job.ts";
import { leaseOnward } from "./onward/schedule.ts";
import { fetchLists, readLists } from "./outbox/lists.ts";
import { type OutboxDeps, refreshOutbox } from "./outbox/outbox.ts";
import { type PullJob, runPull } from "./pull/pull-job.ts";
import { fingerprintOf } from "./pull/rules.ts";
import { leaseDue } from "./pull/schedule.ts";
import { backlogOf, type MeasuredQueue } from "./queue/backlog.ts";
import type { Bundle } from "./queue/bundle.ts";
import { consume, type ConsumeDeps, type Delivered, LAST_PATIENCE, PATIENCE } from "./queue/consume.ts";
import { byCurrentDecisions } from "./queue/current-decisions.ts";
import { QueuedCopies } from "./queue/queued-copies.ts";
import { redrive } from "./queue/redrive.ts";
import { type QueueProducer, sendAll } from "./queue/send-all.ts";
import { callBound, CALLS_OF_LARGE_EVENT } from "./turn/call-bound.ts";
import type { PullDeps } from "./turn/job.ts";
import { ingestLarge } from "./turn/large-event.ts";

export type Job = PullJob | OnwardJob;

export interface AggregatorDeps {
  config: Config;
  /** Absent: pulls are never paused because of what they cost. */
  spendLimit?: Pick<SpendLimit, "mayPull">;
  /** The database for the state of upstreams, and the database for their events: the same one, counted separately. */
  pullDatabase: Database;
  queueDatabase: Database;
  queueStore: Store;
  size: StoreSize;
  /** Created for each batch, so that it reads the current decisions of the operators. */
  createIngest(access: Access): Ingest;
  eventId: IngestDeps["idOf"] & {};
  jobs: QueueProducer<Job>;
  events: QueueProducer<Bundle>;
  /** The queues whose backlog is shown. */
  measured: readonly MeasuredQueue[];
  connectWebSocket(url: string): Promise<UpstreamSocket>;
  fetchAnnounced(url: string): Promise<Announced>;
  /** Gives an order to the live connection of an upstream. */
  follow: LiveScheduleDeps["follow"];
  /** Unix seconds. */
  now(): number;
  /** Milliseconds of a clock that only differences are taken of. */
  milliseconds(): number;
  /** From 0 to 1. */
  random(): number;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Writes to the operator's log. */
  report(error: unknown): void;
  metrics: Metrics;
  tracer: Tracer;
}

export class Aggregator {
  /** Messages in the queues, as the last minute job of this isolate has seen them. */
  waiting: number | undefined;
  private readonly deps: AggregatorDeps;
  private readonly retention: Retention;
  private readonly fingerprint: string;
  private readonly queuedCopies: QueuedCopies;
  private readonly announced: (url: string) => Promise<Announced>;
  /** Upstreams have not authenticated: events that need their author's key are refused. */
  private readonly sender: Sender;

  constructor(deps: AggregatorDeps) {
    this.deps = deps;
    this.retention = retentionOf(deps.config);
    this.fingerprint = fingerprintOf(deps.config);
    this.queuedCopies = new QueuedCopies({ eventId: deps.eventId, now: deps.now });
    this.announced = remembering((url) => deps.fetchAnnounced(url), deps.now);
    const { RELAY_URL } = deps.config;
    this.sender = { keys: new Set<string>(), addresses: RELAY_URL === "" ? [] : [RELAY_URL] };
  }

  /** Does what each minute brings: live connections, pulls and jobs that are due, dead letters, the outbox. */
  async minute(): Promise<void> {
    const { config, pullDatabase: db, size, now, report, metrics, tracer } = this.deps;
    await measure(db);
    const warning = size.warning(now());
    if (warning !== undefined) report(warning);
    // Without room or money, no connection gets an order, and all of them close.
    if (this.mayPull)
      await orderLive(db, config.UPSTREAMS, {
        follow: (order) => this.deps.follow(order),
        wait: (milliseconds) => this.deps.pause(milliseconds),
        report,
      }).catch(report);
    await sendAll(this.deps.jobs, await this.dueJobs(), { queue: "pulls", metrics, tracer });
    const letters = createDeadLetters(db);
    const enqueue = (bundles: Bundle[]) => this.enqueue(bundles);
    await redrive({ letters, enqueue }).catch(report);
    await letters.age(now()).catch(report);
    await backlogOf(this.deps.measured)
      .then((backlog) => {
        this.waiting = backlog.messages;
        return saveBacklog(db, backlog, now());
      })
      .catch(report);
    await createRefusedIds(db, this.fingerprint).forget(now()).catch(report);
    if (this.mayPull) await refreshOutbox(this.outboxDeps()).catch(report);
  }

  /** Runs a job. Never rejects: if it fails, its lease expires, and a later minute tries again. */
  async run(job: Job): Promise<void> {
    await (job.version === 4 ? this.publishOnward(job) : this.pull(job)).catch(this.deps.report);
  }

  /** Ingests messages of the queue of events, or of the queue of what that has given up. */
  consume(messages: readonly Delivered[], queue: "events" | "dead"): Promise<void> {
    const deps = { ...this.consumeDeps(this.deps.createIngest(this.createAccess())), queue };
    return consume(messages, deps, queue === "dead" ? LAST_PATIENCE : PATIENCE);
  }

  /** Creates what takes the events of a live connection. */
  createIntake(options: Pick<LiveIntakeDeps, "url" | "lost" | "refused">): LiveIntake {
    const { config, createIngest, report } = this.deps;
    const access = this.createAccess();
    return new LiveIntake({
      ...options,
      longest: config.MAX_MESSAGE_LENGTH,
      isOutdated: (event) => this.isOutdated(event),
      ingest: createIngest(access),
      sender: this.sender,
      consume: (messages, ingest) => consume(messages, byCurrentDecisions(this.consumeDeps(ingest), access)),
      enqueue: (bundles, delaySeconds) => this.enqueue(bundles, { delaySeconds }),
      report,
    });
  }

  /** Returns what answers the challenges of this upstream (NIP-42). Undefined: the relay has no key. */
  signerFor(url: string): ((challenge: string) => Event) | undefined {
    const secret = this.deps.config.RELAY_SECRET_KEY;
    if (secret === "") return undefined;
    return (challenge) => authentication({ relay: url, challenge, now: this.deps.now() }, secret);
  }

  /** Returns jobs for what is due. Upstreams that are not leased stay due, and are pulled as soon as there is room. */
  private async dueJobs(): Promise<Job[]> {
    const { config, pullDatabase: db, now, report } = this.deps;
    const due = this.mayPull ? await leaseDue(db, config.UPSTREAMS, now()) : [];
    const leaving = await leaseOnward(db, config.UPSTREAMS, now()).catch((error: unknown) => {
      report(error);
      return [];
    });
    return [
      ...due.map((lease): PullJob => ({ version: 3, lease })),
      ...leaving.map((lease): OnwardJob => ({ version: 4, task: "onward", lease })),
    ];
  }

  private get mayPull(): boolean {
    const { size, spendLimit } = this.deps;
    return size.hasRoomForUpstreams && spendLimit?.mayPull !== false;
  }

  private async pull(job: PullJob): Promise<void> {
    const { pullDatabase: db, config, random, report } = this.deps;
    await runPull(job, { db, config, pull: this.pullDeps(), random, report });
  }

  private async publishOnward(job: OnwardJob): Promise<void> {
    const { pullDatabase: db, pause, now, random, report, metrics, tracer } = this.deps;
    const connect = (url: string) => this.connect(url);
    await runOnward(job, { db, connect, pause, now, random, report, metrics, tracer });
  }

  private createAccess(): Access {
    const { queueDatabase, config, now, report } = this.deps;
    return new Access({ moderation: createModerationStore(queueDatabase), config, now, report });
  }

  private consumeDeps(ingest: Ingest): ConsumeDeps {
    const { queueDatabase: db, size, config, now, report, metrics, tracer } = this.deps;
    return {
      ingest,
      sender: this.sender,
      unneeded: (upstream, ids) => unneeded(db, this.fingerprint, { upstream, ids }),
      remember: createRefusedIds(db, this.fingerprint).remember,
      hasRoom: () => size.hasRoomForUpstreams,
      deadLetter: (letters) => createDeadLetters(db).add(letters, now()),
      farthest: config.CREATED_AT_UPPER_LIMIT,
      now,
      report,
      metrics,
      tracer,
    };
  }

  private pullDeps(): PullDeps {
    const { config, pullDatabase: db, events, now, milliseconds, pause, metrics, tracer } = this.deps;
    const ingest = this.deps.createIngest(this.createAccess());
    const large = { ...this.consumeDeps(ingest), longest: config.MAX_MESSAGE_LENGTH };
    const bounded = callBound();
    const queue: QueueProducer<Bundle> = {
      sendBatch: bounded((...given: Parameters<typeof events.sendBatch>) => events.sendBatch(...given)),
    };
    return {
      connect: (url) => this.connect(url),
      announced: this.announced,
      unneeded: bounded((ids: string[], upstream: string) =>
        unneeded(db, this.fingerprint, { upstream, ids }),
      ),
      hasRoom: () => this.mayPull,
      enqueue: (bundles) => this.enqueue(bundles, { producer: queue }),
      queued: this.queuedCopies,
      ingestLarge: bounded(
        (event: unknown, head: Pick<Bundle, "upstream" | "traceparent">) => ingestLarge(event, head, large),
        CALLS_OF_LARGE_EVENT,
      ),
      longest: config.MAX_MESSAGE_LENGTH,
      farthest: config.CREATED_AT_UPPER_LIMIT,
      isOutdated: (event) => this.isOutdated(event),
      now,
      milliseconds,
      pause,
      metrics,
      tracer,
    };
  }

  private outboxDeps(): OutboxDeps {
    const { config, pullDatabase: db, queueStore, now, report } = this.deps;
    return {
      begin: (time) => beginChoice(db, time),
      read: (kind, authors) => readLists(queueStore, { kind, authors }, now()),
      fetch: (url, questions) => fetchLists(url, questions, this.pullDeps()),
      end: (updates, result) => endChoice(db, updates, result),
      own: config.RELAY_URL,
      configured: config.UPSTREAMS,
      now,
      report,
    };
  }

  private enqueue(
    bundles: Bundle[],
    {
      producer = this.deps.events,
      ...delay
    }: { producer?: QueueProducer<Bundle>; delaySeconds?: number } = {},
  ): Promise<void> {
    const { metrics, tracer } = this.deps;
    return sendAll(producer, bundles, { queue: "events", metrics, tracer, ...delay });
  }

  private async connect(url: string) {
    return converse(await this.deps.connectWebSocket(url), { sign: this.signerFor(url) });
  }

  private isOutdated(event: Pick<Event, "kind" | "created_at">): boolean {
    return isOutdated(this.retention, event, this.deps.now());
  }
}
