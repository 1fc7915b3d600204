/**
 * Delivers new events to the live subscriptions of a hub, in bounded slices; others are served between them. First it finds
 * all subscriptions for an event, with pauses. Then, in one step, it sends the event to all of them and records that the log
 * is covered up to it. So if the hub stops at any moment, no subscription misses an event or gets it twice.
 */
import { Candidate } from "../../nostr/candidate.ts";
import type { Event } from "../../nostr/event.ts";
import { mayRead, readersOf } from "../../nostr/visibility.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import type { LogPosition, Span } from "./log-position.ts";
import { liveEvent, type Subscriber, type Subscription } from "./subscription.ts";
import type { SubscriptionIndex } from "./subscription-index.ts";
import type { Published } from "./switchboard.ts";
import { matchingCost, sendingCost } from "../limits/cost.ts";

interface NewEvents {
  events: Published[];
  /** Events without a log position. */
  ephemeral: Event[];
  /** The ranges of the log that this covers, including events that nobody at this hub wants. */
  spans: Span[];
  /** Trace context of the commit, W3C. */
  traceparent?: string | undefined;
}

/** Maximum cost of one slice: about 5 ms. */
const SLICE_COST = 3000;
/** A session is charged for matching when its cost reaches this: charging takes longer than most tests. */
const CHARGED_AT_ONCE = 50;

export interface FanOutDeps<S extends Subscriber = Subscriber> {
  /** Unix seconds. */
  now(): number;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Maximum cost of one slice, in place of the default. */
  sliceCost?: number | undefined;
  /** Charges a session for an event that it is sent. */
  charge(session: S, cost: number): void;
  /** Charges a session for the matching work since the last charge. */
  chargeMatching(session: S): void;
  /** Ends a session that does not read, or that ignores refusals. */
  endIfTooMuch(session: S): void;
  metrics: Metrics;
  tracer: Tracer;
}

/** Where the hub is in the log. */
interface Progress {
  position: Pick<LogPosition, "isCovered">;
  hearOf(seq: number): void;
  pass(...spans: Span[]): void;
  keepPosition(): void;
}

export class FanOut<S extends Subscriber> {
  private readonly deps: FanOutDeps<S>;
  private readonly progress: Progress;
  private readonly index: SubscriptionIndex<Subscription<S>>;
  private readonly sliceCost: number;
  private last: Promise<void> = Promise.resolve();
  /** Work since the last pause. */
  private cost = 0;

  constructor(deps: FanOutDeps<S>, progress: Progress, index: SubscriptionIndex<Subscription<S>>) {
    this.deps = deps;
    this.progress = progress;
    this.index = index;
    this.sliceCost = deps.sliceCost ?? SLICE_COST;
  }

  /** Delivers each event once, from any source. Calls run one after the other, so that their events are not mixed. */
  deliver(batch: NewEvents): Promise<void> {
    const attributes = { events: batch.events.length + batch.ephemeral.length };
    const about = { parent: batch.traceparent, kind: "producer", peer: "subscriber", attributes } as const;
    const done = this.last.then(() => this.deps.tracer.span("fan_out", about, () => this.deliverAll(batch)));
    this.last = done.catch(() => undefined);
    return done;
  }

  private async deliverAll({ events, ephemeral, spans }: NewEvents): Promise<void> {
    for (const { seq, event } of events.toSorted((a, b) => a.seq - b.seq)) {
      if (this.progress.position.isCovered(seq)) continue;
      // Before the first pause: a stored answer that starts meanwhile must know how long the log is.
      this.progress.hearOf(seq);
      const subscriptions = await this.find(event);
      // Everything in the span up to here is delivered. Streams look at that when they are sent the event.
      const span = spans.find(({ prev, last }) => prev < seq && seq <= last);
      this.progress.pass({ prev: Math.min(span?.prev ?? seq - 1, seq - 1), last: seq });
      this.send(seq, event, subscriptions);
    }
    for (const event of ephemeral) this.send(undefined, event, await this.find(event));
  }

  /** Returns the subscriptions that want an event. Clients with expensive filters are charged. */
  private async find(event: Event): Promise<Set<Subscription<S>>> {
    const candidate = new Candidate(event);
    const readers = readersOf(event);
    const matching = this.index.matching(candidate, {
      // Not charged either, because a charge would reveal that there was an event.
      isFor: ({ session }) => mayRead(session.keys, readers),
      charge: ({ session }, steps) => this.charge(session, steps),
    });
    for (;;) {
      const { done, value } = matching.next();
      if (done) return value;
      this.cost += matchingCost(value);
      if (this.cost >= this.sliceCost) await this.pause();
    }
  }

  private send(seq: number | undefined, event: Event, subscriptions: Set<Subscription<S>>): void {
    if (subscriptions.size === 0) return;
    const live = liveEvent(seq, event);
    const cost = sendingCost(live);
    let sent = 0;
    const now = this.deps.now();
    for (const subscription of subscriptions) {
      const { session, id } = subscription;
      // The subscription ended in a pause, or together with its session.
      if (session.subscriptions.get(id) !== subscription || !subscription.offer(live, now)) continue;
      sent += 1;
      this.cost += cost;
      this.deps.charge(session, cost);
      this.deps.endIfTooMuch(session);
    }
    this.deps.metrics.add("events_delivered_total", { source: "websocket" }, sent);
  }

  private charge(session: S, steps: number): void {
    session.matching += matchingCost(steps);
    if (session.matching < CHARGED_AT_ONCE) return;
    this.deps.chargeMatching(session);
    this.deps.endIfTooMuch(session);
  }

  /** Pauses. First records what was sent as covered, because the hub may not survive the pause. */
  private async pause(): Promise<void> {
    this.progress.keepPosition();
    await this.deps.pause(1);
    this.cost = 0;
  }
}
