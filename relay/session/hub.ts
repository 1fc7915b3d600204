/** The hub: the sessions of one process or Durable Object. It answers their frames and delivers new events. */
import { type Refusal, closedFrame, noticeFrame } from "../../nostr/message.ts";
import type { Verify } from "../../nostr/signature.ts";
import type { EventTraces } from "../../store/watch/event-traces.ts";
import type { ModerationStore } from "../../store/moderation/moderation.ts";
import type { Store } from "../../store/store.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { Access } from "../access/access.ts";
import type { Config } from "../config.ts";
import { createIngest, createPacer } from "../ingest/create-ingest.ts";
import type { IngestDeps } from "../ingest/ingest.ts";
import { TraceMemory } from "../ingest/trace-memory.ts";
import { networkOf } from "../limits/client.ts";
import { Connections } from "../limits/connections.ts";
import { CONNECTION_COST } from "../limits/cost.ts";
import { FairQueue } from "../limits/fair-queue.ts";
import { IDLE_SECONDS } from "../limits/idle.ts";
import { RateLimiter, type TooMuch } from "../limits/rate-limiter.ts";
import type { SpendLimit } from "../limits/spend-limit.ts";
import type { Debt } from "../limits/token-buckets.ts";
import { Feed } from "../live/feed.ts";
import { continuedBy, traceOf } from "../live/message-trace.ts";
import { Subscription, type SubscriptionRecord } from "../live/subscription.ts";
import type { Delivery, OtherDelivery, SwitchboardOfHub } from "../live/switchboard.ts";
import { Reads, READS_AT_ONCE } from "../reads.ts";
import { isChallengedAtOnce } from "./authenticate.ts";
import { enforceModeration } from "./enforce.ts";
import { receive, type ReceiveDeps } from "./receive.ts";
import { Reconciliations } from "./reconcile.ts";
import { type Identity, Session, type SessionMemory, type Socket } from "./session.ts";
import { Settling } from "./settling.ts";
import { Streams } from "./streams.ts";
import { Subscriptions } from "./subscriptions.ts";

/** A client ignores refusals if it would have to wait longer than this, or was refused this often in a row. */
const PATIENCE_SECONDS = 60;
const PATIENCE_REFUSALS = 200;

export interface HubDeps {
  name: string;
  config: Config;
  /** Absent: nothing is refused because of what it costs. */
  spendLimit?: SpendLimit;
  store: Store;
  moderation: Pick<ModerationStore, "revision" | "load" | "standings">;
  /** Absent: the traces of events are not remembered. */
  traces?: Pick<EventTraces, "remember">;
  verify: Verify;
  idOf?: IngestDeps["idOf"];
  /** Unix seconds. */
  now(): number;
  switchboard: SwitchboardOfHub;
  /** Saved across hibernation: the hub's log position, and the debts of clients. */
  memory: {
    position(): number | undefined;
    keepPosition(at: number | undefined): void;
    debts(): Debt[];
    keepDebts(debts: Debt[]): void;
  };
  /** Keeps background work alive. The work must not reject. */
  background(work: Promise<void>): void;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Maximum cost of one slice of a fan-out, in place of the default. */
  sliceCost?: number;
  /** Logs an error whose details the client does not get. */
  report(error: unknown): void;
  metrics: Metrics;
  tracer: Tracer;
}

export class Hub {
  readonly deps: HubDeps;
  readonly feed: Feed<Session>;
  readonly access: Access;
  readonly limiter: RateLimiter;
  private readonly sessions = new Set<Session>();
  private readonly connections: Connections;
  private readonly reads: Reads;
  readonly subscriptions: Subscriptions;
  readonly streams: Streams;
  private readonly settling: Settling;
  private readonly reconciliations: Reconciliations;
  private readonly verbs: ReceiveDeps;

  constructor(deps: HubDeps) {
    this.deps = deps;
    const endIfTooMuch = (session: Session) => this.endIfTooMuch(session);
    const endIfUnread = (session: Session) => this.endIfUnread(session);
    const { sessions } = this;
    this.connections = new Connections(deps.config.MAX_CONNECTIONS);
    const limiter = new RateLimiter({ ...deps, source: "websocket" });
    const queue = new FairQueue({ ...READS_AT_ONCE, breathe: () => deps.pause(1) });
    const reads = new Reads({ ...deps, limiter, queue });
    const feed = new Feed<Session>({
      ...deps,
      charge: (session, cost) => limiter.charge(session, cost),
      chargeMatching: (session) => this.chargeMatching(session),
      endIfTooMuch,
    });
    const access = new Access({ ...deps, changed: () => this.enforce() });
    const pacer = createPacer(deps.pause);
    const { traces } = deps;
    const memory = traces && new TraceMemory({ ...deps, traces });
    const ingest = createIngest({
      ...deps,
      pacer,
      access,
      publish: (publication) => feed.publish(publication),
      head: () => feed.head,
      rememberTraces: async (events) => memory?.remember(events),
      source: "websocket",
    });
    const subscriptions = new Subscriptions({ feed, reads });
    const parts = { sessions, limiter, reads, feed, access, subscriptions };
    const reconciliations = new Reconciliations({ ...deps, ...parts });
    const settling = new Settling({ ...deps, ...parts });
    this.limiter = limiter;
    this.reads = reads;
    this.feed = feed;
    this.access = access;
    this.subscriptions = subscriptions;
    this.reconciliations = reconciliations;
    this.settling = settling;
    this.verbs = { ...deps, ...parts, reconciliations, settling, pacer, ingest, endIfTooMuch, endIfUnread };
    this.streams = new Streams({
      ...this.verbs,
      store: deps.store,
      feed,
      open: (socket, memory, identity) => this.open(socket, memory, identity, []),
      close: (session) => this.close(session),
    });
  }

  get size(): number {
    return this.sessions.size;
  }

  /** What rises and falls. */
  get gauges(): { connections: number; subscriptions: number } {
    let subscriptions = 0;
    for (const session of this.sessions) subscriptions += session.subscriptions.size;
    return { connections: this.size, subscriptions };
  }

  /** True when its subscriptions take all the memory that there is for them. */
  get isFull(): boolean {
    return this.feed.memory.isFull;
  }

  /** Returns whether connections from this address are accepted. */
  async admits(ip: string | undefined): Promise<boolean> {
    return !(await this.access.current()).isBlocked(ip);
  }

  /** Returns why an address may not connect; undefined if it may. Charges every attempt. */
  refusalOf(ip: string | undefined): TooMuch | undefined {
    const client = { network: networkOf(ip), keys: [] };
    const refusal = this.limiter.limit(client);
    this.limiter.charge(client, CONNECTION_COST);
    return refusal;
  }

  /**
   * Returns why an address may not open one more connection; undefined if it may. Ask again when it opens, because
   * others may have connected meanwhile.
   */
  crowding(ip: string | undefined): TooMuch | undefined {
    const refusal = this.connections.refusal(networkOf(ip));
    if (refusal) this.deps.metrics.add("clients_limited_total", { source: "websocket" });
    return refusal;
  }

  /** Adds a new connection. */
  welcome(socket: Socket, memory: SessionMemory, identity: Identity): Session {
    const session = this.open(socket, memory, identity, []);
    // Later nobody would be challenged, and only admins are served.
    const isStopped = this.deps.spendLimit?.isStopped === true;
    if (isStopped || isChallengedAtOnce(this.access.moderation?.config ?? this.deps.config))
      session.sendChallenge();
    return session;
  }

  /** Restores a connection after hibernation. */
  open(socket: Socket, memory: SessionMemory, identity: Identity, records: SubscriptionRecord[]): Session {
    const session = new Session(socket, memory, identity);
    this.sessions.add(session);
    this.connections.add(session.network);
    for (const { id, filters, from, undeclared } of records) {
      const subscription = new Subscription(session, id, filters, from);
      if (undeclared) subscription.waitAgain();
      this.subscriptions.restore(subscription);
      if (undeclared) this.settling.settleSoon(subscription);
    }
    return session;
  }

  close(session: Session): void {
    if (!this.sessions.delete(session)) return;
    const attributes = { hub: this.deps.name };
    this.deps.tracer.span("cleanup", { attributes }, () => this.cleanUp(session));
  }

  private cleanUp(session: Session): void {
    this.connections.remove(session.network);
    for (const id of session.subscriptions.keys()) this.subscriptions.close(session, id);
    this.reconciliations.closeAll(session);
    this.reads.drop(session.client, session);
    this.chargeMatching(session);
    this.deps.metrics.add("cleanup_counts", { source: "websocket" });
    if (this.sessions.size === 0) this.feed.declareAgain();
  }

  /** Answers one frame. Resolves when everything that it asks for has been sent. */
  receive(session: Session, frame: string | ArrayBuffer): Promise<void> {
    return receive(this.verbs, session, frame);
  }

  /** Takes a delivery of the switchboard: events from other committers. */
  deliver(delivery: Delivery | OtherDelivery): Promise<void> {
    const { tracer, name } = this.deps;
    const parent = traceOf([delivery]);
    const attributes = { hub: name };
    return tracer.span("deliver", { parent, kind: "server", attributes }, async (span) => {
      for (const one of continuedBy([delivery], parent, span)) await this.feed.deliver(one);
    });
  }

  /** Resolves when all earlier decisions of the operators are in effect on every connection. */
  reloadModeration(): Promise<void> {
    return this.access.reload();
  }

  /** Ends what the operators no longer allow. */
  private enforce(): Promise<void> {
    const { sessions, access, subscriptions, reconciliations, deps } = this;
    return enforceModeration({
      sessions,
      access,
      subscriptions,
      reconciliations,
      close: (session) => this.close(session),
      pause: (milliseconds) => deps.pause(milliseconds),
    });
  }

  /** Charges a session for the matching work since the last charge. */
  private chargeMatching(session: Session): void {
    this.limiter.charge(session, session.matching);
    session.matching = 0;
  }

  /** Ends a session that does not read, or that ignores refusals. */
  private endIfTooMuch(session: Session): void {
    if (session.isSilentBeyond(this.deps.config.MAX_SILENT_BYTES, "live")) this.endSlow(session);
    else this.endIfImpatient(session);
  }

  /** Ends a session that does not read its earlier answers. One answer may have any size. */
  private endIfUnread(session: Session): void {
    if (!this.sessions.has(session)) return;
    if (session.isSilentBeyond(this.deps.config.MAX_SILENT_BYTES, "stored")) this.endSlow(session);
  }

  /** Ends a session that does not read. The platform buffers without limit for such a client. */
  private endSlow(session: Session): void {
    const reason = `slow consumer: ${this.deps.config.MAX_SILENT_BYTES} bytes were sent to you and you sent nothing: send ping from time to time`;
    this.deps.metrics.add("slow_clients_total", { source: "websocket" });
    this.cutOff(session, { prefix: "error", reason }, 1013, "slow consumer");
  }

  /**
   * Ends a session that ignores refusals, because refusing costs work too. A new connection is refused before the
   * upgrade.
   */
  private endIfImpatient(session: Session): void {
    const refusal = this.limiter.refusal(session);
    if (!refusal || (refusal.seconds <= PATIENCE_SECONDS && session.refusals <= PATIENCE_REFUSALS)) return;
    this.cutOff(session, refusal, 1008, `${refusal.prefix}: ${refusal.reason}`);
  }

  endIdle(session: Session): void {
    const reason = `you sent nothing for ${IDLE_SECONDS / 60} minutes and have no subscription`;
    session.send(noticeFrame(`closed: ${reason}`));
    this.cutOff(session, { prefix: "error", reason }, 1000, `idle: ${reason}`);
  }

  private cutOff(session: Session, { prefix, reason }: Refusal, code: number, closing: string): void {
    for (const id of session.subscriptions.keys()) session.send(closedFrame(id, prefix, reason));
    this.close(session);
    session.end(code, closing);
  }
}
