/**
 * What follows EOSE. Most REQs are closed soon after it, and cost neither a declaration nor a write. The others are settled
 * together, a moment later: one declaration tells the switchboard their keys, the log fills in what passed the hub by, and
 * each session saves its subscriptions in one write.
 *
 * Until then they are only in memory. A Durable Object does not hibernate while work in the background is pending, and when it
 * shuts down, its connections end. So no client waits for events of a subscription that was lost.
 * https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/
 */
import type { Event } from "../../nostr/event.ts";
import type { Store } from "../../store/store.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Feed } from "../live/feed.ts";
import { liveEvent, type Subscription, type SubscriptionRecord } from "../live/subscription.ts";
import { keysOf } from "../live/subscription-index.ts";
import { readLog } from "../query.ts";
import { SharedRun } from "../shared-run.ts";
import type { Session } from "./session.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface SettlingDeps {
  store: Pick<Store, "log">;
  /** The open sessions. */
  sessions: Pick<ReadonlySet<Session>, "has">;
  subscriptions: Pick<Subscriptions, "end">;
  feed: Pick<Feed<Session>, "head" | "interest" | "position" | "keepPosition">;
  metrics: Metrics;
  /** Unix seconds. */
  now(): number;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Keeps background work alive. The work must not reject. */
  background(work: Promise<void>): void;
  /** Logs an error whose details the client does not get. */
  report(error: unknown): void;
}

/** The least time from EOSE to the declaration; the longest is twice as much. A CLOSE takes one round trip to the client. */
export const SETTLING_MILLISECONDS = 500;

/** Pauses between attempts, in milliseconds. Then the subscriptions end. */
const PAUSES = [100, 1000, 2500];

/** Maximum number of tests in a row: a few milliseconds. */
const TESTS_AT_ONCE = 2000;

export class Settling {
  private readonly deps: SettlingDeps;
  private readonly waiting = new Set<Subscription<Session>>();
  private isWatching = false;
  private readonly runs = new SharedRun(() => this.settleAll());

  constructor(deps: SettlingDeps) {
    this.deps = deps;
  }

  /**
   * Saves a subscription, and makes it live if it is not, if it is still open in a moment. An event that it must hold back
   * ends the wait.
   */
  settleSoon(subscription: Subscription<Session>): void {
    subscription.session.memory.expectMore();
    this.waiting.add(subscription);
    subscription.heldBack = () => {
      if (this.waiting.has(subscription)) this.deps.background(this.runs.run());
    };
    if (this.isWatching) return;
    this.isWatching = true;
    this.deps.background(this.watch().catch(this.deps.report));
  }

  /** One timer serves all: a flood of REQs must not leave a timer each. */
  private async watch(): Promise<void> {
    try {
      while (this.waiting.size > 0) {
        const early = [...this.waiting];
        await this.deps.pause(SETTLING_MILLISECONDS);
        const left = early.filter((subscription) => this.waiting.has(subscription));
        if (left.some(isOpen)) await this.runs.run();
        else this.forget(left);
      }
    } finally {
      this.isWatching = false;
    }
  }

  private forget(closed: Subscription<Session>[]): void {
    for (const subscription of closed) this.waiting.delete(subscription);
    this.save(closed);
  }

  /** Settles all that wait, so that one declaration and one look at the log serve them all. */
  private async settleAll(): Promise<void> {
    const batch = [...this.waiting];
    this.waiting.clear();
    await this.makeLive(batch.filter(({ isLive }) => !isLive));
    this.save(batch);
  }

  private async makeLive(batch: Subscription<Session>[]): Promise<void> {
    for (const pause of [...PAUSES, undefined]) {
      const open = batch.filter(isOpen);
      if (open.length === 0) return;
      try {
        this.goLive(open, await this.fill(open));
        return;
      } catch (error) {
        this.deps.report(error);
        if (pause !== undefined) await this.deps.pause(pause);
      }
    }
    const reason = "the subscription could not be made live; try again";
    for (const { session, id } of batch.filter(isOpen))
      this.deps.subscriptions.end(session, id, { prefix: "error", reason });
  }

  /**
   * Declares the keys of these subscriptions and offers them what the hub may have missed. Returns the log position up to
   * which it looked.
   */
  private async fill(batch: Subscription<Session>[]): Promise<number> {
    const { store, feed } = this.deps;
    const declaredAt = await feed.interest.cover(batch.flatMap(({ filters }) => keysOf(filters)));
    let coveredTo = Math.min(...batch.map(answeredTo));
    // The switchboard may have restarted and not know the head, and a stored answer may be older than what the hub knew.
    if (coveredTo >= Math.max(declaredAt, feed.head, feed.position.start)) return coveredTo;
    const matchers = batch.map((subscription) => [subscription, subscription.matcher()] as const);
    let tests = 0;
    for await (const page of readLog(store, coveredTo)) {
      for (const { seq, json } of page.events) {
        const event = JSON.parse(json) as Event;
        const live = liveEvent(seq, event, json);
        for (const [subscription, matches] of matchers) {
          if (seq > answeredTo(subscription) && matches(event)) subscription.offer(live, this.deps.now());
        }
        tests += batch.length;
        if (tests < TESTS_AT_ONCE) continue;
        tests = 0;
        await this.deps.pause(1);
      }
      coveredTo = page.coveredTo;
    }
    return coveredTo;
  }

  private goLive(batch: Subscription<Session>[], coveredTo: number): void {
    for (const subscription of batch.filter(isOpen)) {
      const from = answeredTo(subscription);
      const sent = subscription.goLive(from, Math.max(from, coveredTo), this.deps.now());
      this.deps.metrics.add("events_delivered_total", { source: "websocket" }, sent);
    }
  }

  /** Saves those that are still open. */
  private save(batch: Subscription<Session>[]): void {
    if (batch.some(isOpen)) this.deps.feed.keepPosition();
    const unsaved = new Set([...this.waiting].map(({ session }) => session));
    for (const [session, ended] of Map.groupBy(batch, (subscription) => subscription.session)) {
      if (!this.deps.sessions.has(session)) continue;
      session.memory.keep(ended.filter(isOpen).map(recordOf), unsaved.has(session));
    }
  }
}

/** Returns the end of the log that its stored answer covered. */
function answeredTo({ from }: Subscription<Session>): number {
  return from ?? 0;
}

function isOpen(subscription: Subscription<Session>): boolean {
  return subscription.session.subscriptions.get(subscription.id) === subscription;
}

function recordOf({ id, filters, from }: Subscription<Session>): SubscriptionRecord {
  return { id, filters, from: from ?? 0 };
}
