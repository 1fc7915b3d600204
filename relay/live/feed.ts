/**
 * The live side of a hub: the subscriptions, and how far along the log their events have been delivered. It fans out
 * what this hub commits and what the switchboard delivers, and reads from the log what no message brought.
 */
import type { Event } from "../../nostr/event.ts";
import type { Store } from "../../store/store.ts";
import { readLog } from "../query.ts";
import { FanOut, type FanOutDeps } from "./fan-out.ts";
import { Interest } from "./interest.ts";
import { LogPosition, type Span } from "./log-position.ts";
import { Publisher } from "./publisher.ts";
import type { Subscriber, Subscription } from "./subscription.ts";
import { SubscriptionIndex } from "./subscription-index.ts";
import { SubscriptionMemory } from "./subscription-memory.ts";
import {
  type Delivery,
  type OtherDelivery,
  type Publication,
  readDelivery,
  type SwitchboardOfHub,
} from "./switchboard.ts";

/** Pauses between attempts to read the log, in milliseconds. After the last attempt, the next message tries again. */
const CATCH_UP_PAUSES = [200, 1000, 5000];

export interface FeedDeps<S extends Subscriber = Subscriber> extends FanOutDeps<S> {
  /** The name of the hub. */
  name: string;
  store: Pick<Store, "log">;
  switchboard: SwitchboardOfHub;
  /** Saved across hibernation. */
  memory: {
    position(): number | undefined;
    keepPosition(at: number | undefined): void;
  };
  /** Keeps background work alive. The work must not reject. */
  background(work: Promise<void>): void;
  /** Logs an error whose details the client does not get. */
  report(error: unknown): void;
}

export class Feed<S extends Subscriber> {
  readonly position: LogPosition;
  readonly interest: Interest;
  readonly memory: SubscriptionMemory<S>;
  private readonly deps: FeedDeps<S>;
  private readonly index: SubscriptionIndex<Subscription<S>>;
  private readonly fanOut: FanOut<S>;
  private readonly publisher: Publisher;
  private end: number;
  private catchingUp = false;

  constructor(deps: FeedDeps<S>) {
    this.deps = deps;
    this.position = new LogPosition(deps.memory.position());
    this.end = this.position.coveredTo;
    this.index = new SubscriptionIndex((condition, value, isInUse) =>
      this.interest.changed(condition, value, isInUse),
    );
    this.memory = new SubscriptionMemory(this.index);
    this.fanOut = new FanOut(deps, this, this.index);
    this.interest = new Interest(deps.name, this.index, (declaration) =>
      deps.switchboard.declare(declaration),
    );
    this.publisher = new Publisher({
      send: (publications) => deps.switchboard.publish(publications, deps.name),
      pause: (milliseconds) => deps.pause(milliseconds),
      report: (error) => deps.report(error),
      tracer: deps.tracer,
      answered: ({ skipped, head }) => {
        if (skipped) this.covered(skipped, head);
      },
    });
  }

  /** The end of the log, as far as this hub knows. */
  get head(): number {
    return this.end;
  }

  /** Adds a new subscription. */
  add(subscription: Subscription<S>): void {
    // The next connection starts from the current end of the log.
    if (this.index.isEmpty) this.position.restart(undefined);
    this.memory.add(subscription);
  }

  /** If nothing was expected so far, expects the log from this position on. It is saved with the first subscription. */
  startsAt(head: number): void {
    if (this.position.at === undefined) this.position.restart(head);
  }

  /** Takes a delivery of the switchboard: events from other committers. */
  async deliver(delivery: Delivery | OtherDelivery): Promise<void> {
    const { events, ephemeral, spans, head, traceparent } = readDelivery(delivery, this.deps);
    await this.fanOut.deliver({ events, ephemeral, spans, traceparent });
    this.covered(spans, head);
    const sent = [...events.map(({ event }) => event), ...ephemeral];
    // The switchboard does not know this hub's interest; perhaps no connection is left here.
    const isExpected = this.interest.isSentEverything && !this.index.isEmpty;
    if (!isExpected && sent.some((event) => !this.index.concerns(event))) this.declareAgain();
  }

  /** Publishes this hub's own commits: to its own subscriptions at once, to other hubs in the background. */
  async publish(publication: Publication): Promise<void> {
    const { events, ephemeral, prev, last, traceparent } = publication;
    const spans = [{ prev, last }];
    await this.fanOut.deliver({ events, ephemeral, spans, traceparent });
    this.cover(spans);
    this.deps.background(this.publisher.send(publication));
  }

  /** Declares the current interest, which may be empty, in the background. */
  declareAgain(): void {
    this.deps.background(
      this.interest.declare().then(
        () => undefined,
        (error) => this.deps.report(error),
      ),
    );
  }

  /** Saves the position. Without it, subscriptions that are saved would lack what comes before the next delivery. */
  keepPosition(): void {
    this.deps.memory.keepPosition(this.position.at);
  }

  /** Records that the log goes at least this far. */
  hearOf(seq: number): void {
    this.end = Math.max(this.end, seq);
  }

  /** Reads from the log what is missing up to this position, in the background. */
  expect(head: number): void {
    this.covered([], head);
  }

  /** Records that these ranges of the log were delivered. Without subscriptions, only the end of the log is noted. */
  pass(...spans: Span[]): void {
    for (const { last } of spans) this.hearOf(last);
    if (!this.index.isEmpty) this.position.cover(...spans);
  }

  private covered(spans: Span[], head: number): void {
    this.hearOf(head);
    this.cover(spans);
    if (this.isBehind && !this.catchingUp) this.deps.background(this.catchUp());
  }

  private cover(spans: Span[]): void {
    this.pass(...spans);
    this.keepPosition();
  }

  private get isBehind(): boolean {
    return !this.index.isEmpty && this.position.lags(this.end);
  }

  /** Reads events from the log that no message brought: the message was lost or is still on its way. */
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
    const head = this.end;
    for await (const { events, coveredTo } of readLog(this.deps.store, after)) {
      const spans = [{ prev: after, last: coveredTo }];
      await this.fanOut.deliver({ events: events.map(published), ephemeral: [], spans });
      this.cover(spans);
    }
    // A position that was announced before the read and is no longer in the log was replaced or removed.
    this.cover([{ prev: after, last: head }]);
  }
}

function published({ seq, json }: { seq: number; json: string }) {
  return { seq, event: JSON.parse(json) as Event };
}
