/** The subscriptions of a hub: files them in the feed, and ends them wherever they are kept. */
import { closedFrame, type Refusal } from "../../nostr/message.ts";
import type { Feed } from "../live/feed.ts";
import type { Subscription } from "../live/subscription.ts";
import type { Reads } from "../reads.ts";
import { challengeForRefusal } from "./authenticate.ts";
import type { Session } from "./session.ts";

interface SubscriptionsDeps {
  feed: Pick<Feed<Session>, "add" | "memory">;
  reads: Pick<Reads, "drop">;
}

export class Subscriptions {
  private readonly deps: SubscriptionsDeps;

  constructor(deps: SubscriptionsDeps) {
    this.deps = deps;
  }

  /** Adds a new subscription. From now on it gets live events. */
  open(subscription: Subscription<Session>): void {
    subscription.session.add(subscription);
    this.deps.feed.add(subscription);
  }

  /** Adds a subscription that was open before hibernation. */
  restore(subscription: Subscription<Session>): void {
    subscription.session.add(subscription);
    this.deps.feed.memory.add(subscription);
  }

  /**
   * Takes out a subscription that can get no more events. It stays open for its client, and counts as open until the hub
   * hibernates: nobody would notice that it is gone.
   */
  finish(subscription: Subscription<Session>): void {
    this.deps.feed.memory.remove(subscription);
  }

  close(session: Session, id: string): void {
    const subscription = session.remove(id);
    if (!subscription) return;
    session.memory.forget(id);
    this.deps.feed.memory.remove(subscription);
    this.deps.reads.drop(session.client, subscription);
  }

  /** Ends a subscription with CLOSED. */
  end(session: Session, id: string, { prefix, reason }: Refusal): void {
    this.close(session, id);
    challengeForRefusal(session, prefix);
    session.send(closedFrame(id, prefix, reason));
  }

  /** Returns why there is no memory for another subscription of this session; undefined if there is. */
  fullFor({ network }: Session): Refusal | undefined {
    const { memory } = this.deps.feed;
    if (memory.isFull) {
      const reason = "this relay has no memory for more subscriptions; try again later";
      return { prefix: "rate-limited", reason };
    }
    if (memory.isFullFor(network)) {
      const reason = "the subscriptions of your network use all the memory that they may: close one first";
      return { prefix: "rate-limited", reason };
    }
    return undefined;
  }
}
