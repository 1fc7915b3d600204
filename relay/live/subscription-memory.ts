/** The memory that subscriptions of a hub use, in total and for each network. */
import { HUB_MEMORY } from "../limits/hub-memory.ts";
import { Shares } from "../limits/shares.ts";
import type { Subscriber, Subscription } from "./subscription.ts";
import type { SubscriptionIndex } from "./subscription-index.ts";

/** Maximum bytes of one network, so that it cannot stop all others from subscribing. */
const MOST_BYTES_OF_NETWORK = HUB_MEMORY.subscriptions / 8;

export class SubscriptionMemory<S extends Subscriber> {
  private readonly index: SubscriptionIndex<Subscription<S>>;
  private readonly byNetwork = new Shares();

  constructor(index: SubscriptionIndex<Subscription<S>>) {
    this.index = index;
  }

  /** Files a subscription in the index and counts its memory. */
  add(subscription: Subscription<S>): void {
    const before = this.index.size;
    this.index.add(subscription, subscription.filters);
    subscription.bytes = this.index.size - before;
    this.byNetwork.add(subscription.session.network, subscription.bytes);
  }

  /** Does nothing for one that was removed before. */
  remove(subscription: Subscription<S>): void {
    this.index.remove(subscription);
    this.byNetwork.add(subscription.session.network, -subscription.bytes);
    subscription.bytes = 0;
  }

  /** About how many bytes all subscriptions take. */
  get bytes(): number {
    return this.index.size;
  }

  get isFull(): boolean {
    return this.bytes >= HUB_MEMORY.subscriptions;
  }

  isFullFor(network: string | undefined): boolean {
    return this.byNetwork.of(network) >= MOST_BYTES_OF_NETWORK;
  }
}
