/** The sessions of one process or Durable Object: takes their frames, and brings them what is new. */
import type { Event } from "../nostr/event.ts";
import { authFrame, closedFrame, noticeFrame } from "../nostr/message.ts";
import type { Verify } from "../nostr/signature.ts";
import type { ModerationStore } from "../store/moderation.ts";
import type { Store, View } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracer } from "../telemetry/tracing.ts";
import { authenticate } from "./authenticate.ts";
import type { Config } from "./config.ts";
import { count } from "./count.ts";
import { createDoor } from "./door.ts";
import type { Ingest } from "./ingest.ts";
import { Interest } from "./interest.ts";
import { LogPosition, type Span } from "./log-position.ts";
import { Moderator } from "./moderator.ts";
import { Outlet } from "./outlet.ts";
import { networkOf, type Payer } from "./payer.ts";
import type { Refusal } from "./policy.ts";
import { publish } from "./publish.ts";
import { readLog } from "./query.ts";
import { readFrame } from "./read-frame.ts";
import { Reconciliations } from "./reconcile.ts";
import type { Debt } from "./rate-limit.ts";
import { request } from "./request.ts";
import {
  type Identity,
  liveEvent,
  Session,
  type SessionMemory,
  type Socket,
  Subscription,
  type SubscriptionRecord,
} from "./session.ts";
import { SubscriptionIndex } from "./subscriptions.ts";
import type {
  Declaration,
  DeclarationAnswer,
  Delivery,
  Publication,
  PublishAnswer,
  Published,
} from "./switchboard.ts";
import { CONNECTION_COST, frameCost, sendingCost, SIGNATURE_COST, Toll, type TooMuch } from "./toll.ts";
import { Turns } from "./turns.ts";

/** A Durable Object has 128 MB; what else it holds, and what it does with all this, needs the other half. */
const MOST_SUBSCRIPTION_BYTES = 60_000_000;

/** Between attempts to read the log, in milliseconds; after these the next message tries again. */
const CATCH_UP_PAUSES = [200, 1000, 5000];

/** The database answers one after the other: what is ahead of a client is what it waits for. */
const READS_AT_ONCE = 8;
const READS_OF_CLIENT = 3;

/** Who is told to wait for longer than this, or so often in a row, goes on asking without listening. */
const PATIENCE_SECONDS = 60;
const PATIENCE_REFUSALS = 200;

export interface HubDeps {
  name: string;
  config: Config;
  store: Store;
  moderation: Pick<ModerationStore, "revision" | "load" | "standings">;
  verify: Verify;
  /** Unix seconds. */
  now(): number;
  switchboard: {
    declare(declaration: Declaration): Promise<DeclarationAnswer>;
    publish(publications: Publication[], origin: string): Promise<PublishAnswer>;
  };
  /** Kept over hibernation: where the hub is in the log, and who has asked for too much. */
  memory: {
    position(): number | undefined;
    keepPosition(at: number | undefined): void;
    debts(): Debt[];
    keepDebts(debts: Debt[]): void;
  };
  /** Keeps work alive that no caller awaits. It must not reject. */
  background(work: Promise<void>): void;
  /** Waits some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** For failures that a client is told of only in general. */
  report(error: unknown): void;
  metrics: Metrics;
  tracer: Tracer;
}

export class Hub {
  readonly deps: HubDeps;
  readonly position: LogPosition;
  readonly interest: Interest;
  readonly moderator: Moderator;
  readonly toll: Toll;
  private readonly reads: Turns;
  private readonly sessions = new Set<Session>();
  private readonly reconciliations = new Reconciliations(this);
  private readonly index: SubscriptionIndex<Subscription>;
  private readonly outlet: Outlet;
  readonly ingest: Ingest;
  private known: number;
  private catchingUp = false;

  constructor(deps: HubDeps) {
    this.deps = deps;
    this.position = new LogPosition(deps.memory.position());
    this.known = this.position.furthest;
    this.toll = new Toll({
      ...deps,
      now: () => deps.now(),
      spared: (seconds) => {
        deps.metrics.add("clients_spared_counts", "websocket");
        deps.report(`dry run: RATE_LIMIT would have made a client wait ${seconds} s`);
      },
    });
    this.reads = new Turns({
      most: READS_AT_ONCE,
      mostOfLine: READS_OF_CLIENT,
      breathe: () => deps.pause(1),
    });
    this.index = new SubscriptionIndex((key, isInUse) => this.interest.changed(key, isInUse));
    this.interest = new Interest(deps.name, this.index, (declaration) =>
      deps.switchboard.declare(declaration),
    );
    this.outlet = new Outlet({
      send: (publications) => deps.switchboard.publish(publications, deps.name),
      pause: (milliseconds) => deps.pause(milliseconds),
      report: (error) => deps.report(error),
      answered: ({ spared, head }) => {
        if (spared) this.covered(spared, head);
      },
    });
    this.moderator = new Moderator({
      ...deps,
      source: deps.moderation,
      now: () => deps.now(),
      changed: () => this.moderate(),
    });
    this.ingest = createDoor({
      ...deps,
      moderator: this.moderator,
      now: () => deps.now(),
      publish: (publication) => this.publish(publication),
      door: "websocket",
    });
  }

  get size(): number {
    return this.sessions.size;
  }

  /** True when its subscriptions take all the memory that there is for them. */
  get isFull(): boolean {
    return this.index.size >= MOST_SUBSCRIPTION_BYTES;
  }

  /** The furthest place of the log that this hub has heard of. */
  get head(): number {
    return this.known;
  }

  /** Whether connections from this address are taken. */
  async admits(ip: string | undefined): Promise<boolean> {
    return !(await this.moderator.current()).isBlocked(ip);
  }

  /** Undefined: this address may connect. Every attempt is paid for. */
  refusalOf(ip: string | undefined): TooMuch | undefined {
    const client = { network: networkOf(ip), keys: [] };
    const refusal = this.tooMuch(client);
    this.toll.pay(client, CONNECTION_COST);
    return refusal;
  }

  /** A new connection: it is challenged at once, so that whatever needs a key can ask for it (NIP-42). */
  welcome(socket: Socket, memory: SessionMemory, identity: Identity): Session {
    const session = this.open(socket, memory, identity, []);
    session.send(authFrame(session.challenge));
    return session;
  }

  /** A connection with what it was, after the hub has slept. */
  open(socket: Socket, memory: SessionMemory, identity: Identity, records: SubscriptionRecord[]): Session {
    const session = new Session(socket, memory, identity);
    this.sessions.add(session);
    for (const { id, filters, from } of records) this.file(new Subscription(session, id, filters, from));
    return session;
  }

  close(session: Session): void {
    if (!this.sessions.delete(session)) return;
    for (const id of session.subscriptions.keys()) this.unsubscribe(session, id);
    this.reconciliations.closeAll(session);
    this.reads.drop(session.line, session);
    this.deps.metrics.add("cleanup_counts", "websocket");
    if (this.sessions.size === 0) this.deps.background(this.declareAgain());
  }

  /** Answers one frame; resolves when everything that it asks for has been sent. */
  async receive(session: Session, frame: string | ArrayBuffer): Promise<void> {
    // What comes from a connection that the relay has ended is not looked at.
    if (!this.sessions.has(session)) return;
    this.deps.metrics.add("message_received_counts", "websocket");
    session.hear();
    this.toll.pay(session, frameCost(frame));
    await this.deps.tracer.span("handle_message", {}, async (span) => {
      const parsed = readFrame(frame, this.deps.config.MAX_MESSAGE_LENGTH, () => {
        const refusal = this.tooMuch(session);
        session.refusals = refusal ? session.refusals + 1 : 0;
        return refusal;
      });
      if (!parsed.ok) {
        if ("reconciliation" in parsed) this.reconciliations.close(session, parsed.reconciliation);
        else if (parsed.subscription !== undefined) this.unsubscribe(session, parsed.subscription);
        session.send(parsed.answer);
        this.endIfImpatient(session);
        return;
      }
      const { message } = parsed;
      span.set("verb", message.verb);
      switch (message.verb) {
        case "EVENT":
          await publish(this, session, message.event, span.traceparent);
          break;
        case "REQ":
          await request(this, session, message.subscription, message.filters);
          break;
        case "COUNT":
          await count(this, session, message.query, message.filters);
          break;
        case "CLOSE":
          this.unsubscribe(session, message.subscription);
          break;
        case "AUTH":
          this.toll.pay(session, SIGNATURE_COST);
          session.send(authenticate(session, message.event, this.deps));
          break;
        case "NEG-OPEN":
          await this.reconciliations.open(session, message);
          break;
        case "NEG-MSG":
          this.reconciliations.goOn(session, message);
          break;
        case "NEG-CLOSE":
          this.reconciliations.close(session, message.subscription);
          break;
      }
    });
  }

  /** From the switchboard: what other hubs and doors have committed. */
  async deliver(delivery: Delivery): Promise<void> {
    const { events, ephemeral, spans, head, traceparent } = delivery;
    await this.fanOut(events, ephemeral, traceparent);
    this.covered(spans, head);
    const sent = [...events.map(({ event }) => event), ...ephemeral];
    // The switchboard has not been told, or has forgotten, what is wanted; perhaps nobody is left here.
    if (sent.some((event) => !this.index.concerns(event))) this.deps.background(this.declareAgain());
  }

  subscribe(subscription: Subscription): void {
    // Whoever comes first starts afresh.
    if (this.index.isEmpty) this.position.restart(undefined);
    this.file(subscription);
  }

  private file(subscription: Subscription): void {
    subscription.session.subscriptions.set(subscription.id, subscription);
    this.index.add(subscription, subscription.filters);
  }

  unsubscribe(session: Session, id: string): void {
    const subscription = session.subscriptions.get(id);
    if (!subscription) return;
    session.subscriptions.delete(id);
    session.memory.forget(id);
    this.index.remove(subscription);
    this.reads.drop(session.line, subscription);
  }

  endSubscription(session: Session, id: string, { prefix, reason }: Refusal): void {
    this.unsubscribe(session, id);
    session.send(closedFrame(id, prefix, reason));
  }

  /** Resolves when what the operators decided before this call holds on every connection. */
  reloadModeration(): Promise<void> {
    return this.moderator.reload();
  }

  /** Asked when a frame comes, and again when it is its turn: what came before it may have cost too much. */
  tooMuch(client: Payer): TooMuch | undefined {
    const refusal = this.toll.refusal(client);
    if (refusal) this.deps.metrics.add("clients_limited_counts", "websocket");
    return refusal;
  }

  /** Reads for this session when it is its turn; undefined if its `owner`, a subscription, has ended by then. */
  read<T>(session: Session, owner: unknown, work: () => Promise<T>): Promise<T | undefined> {
    return this.reads.take(session.line, owner, work);
  }

  /** What the store may show this session. */
  viewOf({ keys }: Session): View {
    return { keys: [...keys], now: this.deps.now() };
  }

  /** Nothing before this place of the log is waited for, if nothing was waited for so far. */
  startsAt(head: number): void {
    if (this.position.at !== undefined) return;
    this.position.restart(head);
    this.deps.memory.keepPosition(head);
  }

  /** Ends what the operators no longer allow. */
  private async moderate(): Promise<void> {
    for (const session of this.sessions) {
      if (!this.moderator.moderation?.isBlocked(session.ip)) continue;
      session.send(noticeFrame("blocked: connections from this address are not taken"));
      session.end(1008, "blocked: connections from this address are not taken");
      this.close(session);
    }
    const readers = [...this.sessions];
    const refusals = await this.moderator.refuseReads(readers.map(({ keys }) => keys));
    for (const [at, session] of readers.entries()) {
      const refusal = refusals[at];
      if (!refusal) continue;
      for (const id of session.subscriptions.keys()) this.endSubscription(session, id, refusal);
      this.reconciliations.refuseAll(session, refusal);
    }
  }

  /** Of this hub's own commits: to its own subscribers at once, to the others behind their backs. */
  private async publish(publication: Publication): Promise<void> {
    const { events, ephemeral, prev, last, traceparent } = publication;
    await this.fanOut(events, ephemeral, traceparent);
    this.cover([{ prev, last }]);
    this.deps.background(this.outlet.send(publication));
  }

  /** Each event once, whatever way it came. */
  private fanOut(events: Published[], ephemeral: Event[], parent: string | undefined): Promise<void> {
    const attributes = { events: events.length + ephemeral.length };
    return this.deps.tracer.span("fan_out", { parent, attributes }, async () => {
      for (const { seq, event } of events.toSorted((a, b) => a.seq - b.seq)) {
        // Looked at and covered in one go: the same event may be coming from the log at this moment.
        if (this.position.isCovered(seq)) continue;
        this.pass({ prev: seq - 1, last: seq });
        this.offer(seq, event);
      }
      for (const event of ephemeral) this.offer(undefined, event);
    });
  }

  private offer(seq: number | undefined, event: Event): void {
    const subscriptions = this.index.matching(event);
    if (subscriptions.size === 0) return;
    const live = liveEvent(seq, event);
    let sent = 0;
    const now = this.deps.now();
    for (const subscription of subscriptions) {
      const { session } = subscription;
      // Ended by another subscription to the same.
      if (!this.sessions.has(session) || !subscription.offer(live, now)) continue;
      sent += 1;
      this.toll.pay(session, sendingCost(live));
      if (session.isSilentBeyond(this.deps.config.MAX_SILENT_BYTES)) this.endSlow(session);
      else this.endIfImpatient(session);
    }
    this.deps.metrics.add("events_delivered_counts", "websocket", sent);
  }

  /** The platform buffers without end for a client that does not read: so it is sent nothing more. */
  private endSlow(session: Session): void {
    const reason = `slow consumer: ${this.deps.config.MAX_SILENT_BYTES} bytes were sent without a word from you, say ping now and then`;
    this.deps.metrics.add("slow_clients_counts", "websocket");
    this.cutOff(session, { prefix: "error", reason }, 1013, "slow consumer");
  }

  /** Refusing costs too. A new connection from the same address is refused before it is one. */
  private endIfImpatient(session: Session): void {
    const refusal = this.toll.refusal(session);
    if (!refusal || (refusal.seconds <= PATIENCE_SECONDS && session.refusals <= PATIENCE_REFUSALS)) return;
    this.cutOff(session, refusal, 1008, `${refusal.prefix}: ${refusal.reason}`);
  }

  private cutOff(session: Session, { prefix, reason }: Refusal, code: number, closing: string): void {
    for (const id of session.subscriptions.keys()) session.send(closedFrame(id, prefix, reason));
    this.close(session);
    session.end(code, closing);
  }

  private covered(spans: Span[], head: number): void {
    this.known = Math.max(this.known, head);
    this.cover(spans);
    if (this.isBehind && !this.catchingUp) this.deps.background(this.catchUp());
  }

  private cover(spans: Span[]): void {
    this.pass(...spans);
    this.deps.memory.keepPosition(this.position.at);
  }

  /** A hub on which nobody waits for anything only hears how far the log has come. */
  private pass(...spans: Span[]): void {
    this.known = Math.max(this.known, ...spans.map(({ last }) => last));
    if (!this.index.isEmpty) this.position.cover(...spans);
  }

  private get isBehind(): boolean {
    return !this.index.isEmpty && this.position.lags(this.known);
  }

  /** Reads from the log what no message brought: lost, or committed by somebody whose message is still on its way. */
  private async catchUp(): Promise<void> {
    this.catchingUp = true;
    for (const pause of [...CATCH_UP_PAUSES, undefined]) {
      try {
        while (this.isBehind) await this.readMissed();
        break;
      } catch (error) {
        this.deps.report(error);
        if (pause !== undefined) await this.deps.pause(pause);
      }
    }
    this.catchingUp = false;
  }

  private async readMissed(): Promise<void> {
    const after = this.position.at ?? 0;
    const told = this.known;
    for await (const { events, upTo } of readLog(this.deps.store, after)) {
      await this.fanOut(events.map(published), [], undefined);
      this.cover([{ prev: after, last: upTo }]);
    }
    // What was told before the reading began and is not in the log any more has been replaced or removed.
    this.cover([{ prev: after, last: told }]);
  }

  /** Tells the switchboard what is wanted now, which may be nothing at all. */
  private async declareAgain(): Promise<void> {
    try {
      await this.interest.declare();
    } catch (error) {
      this.deps.report(error);
    }
  }
}

function published({ seq, json }: { seq: number; json: string }) {
  return { seq, event: JSON.parse(json) as Event };
}
