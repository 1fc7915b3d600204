/**
 * Items that wait to be processed in batches, in one queue per client. The client that has been served the least is next
 * (fair-order.ts), so a client with thousands of items waits behind clients with one. Each client's items keep their order.
 */
import { FairOrder, type Turn } from "./fair-order.ts";

export class FairBatches<T> {
  /** The queues. None is empty. */
  private readonly queues = new Map<unknown, T[]>();
  private readonly order = new FairOrder();
  private readonly costOf: (item: T) => number;
  /** Whether the last batch was a single item that fits in no batch. */
  private wasAlone = false;

  constructor(costOf: (item: T) => number) {
    this.costOf = costOf;
  }

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }

  add(client: unknown, item: T): void {
    const queue = this.queues.get(client);
    if (queue) {
      queue.push(item);
      return;
    }
    this.queues.set(client, [item]);
    this.order.add(client, this.costOf(item));
  }

  /**
   * Returns the next batch; empty only if nothing waits. `fits` says whether there is room for an item, and reserves it. A
   * client whose next item does not fit keeps its turn. An item that fits in no batch goes alone, and others go next: even
   * if many clients send such items, the others wait for only one of them.
   */
  take(fits: (item: T) => boolean): T[] {
    const taken: T[] = [];
    const left: { turn: Turn; item: T }[] = [];
    for (let turn = this.order.take(); turn; turn = this.order.take()) {
      const [item] = this.queues.get(turn.client) ?? [];
      if (item === undefined) continue;
      if (fits(item)) {
        taken.push(item);
        this.shift(turn.client);
      } else {
        left.push({ turn, item });
        if (taken.length === 0 && !this.wasAlone) break;
      }
    }
    this.wasAlone = taken.length === 0;
    const alone = this.wasAlone ? left.shift() : undefined;
    if (alone) {
      taken.push(alone.item);
      this.shift(alone.turn.client);
    }
    for (const { turn } of left) this.order.putBack(turn);
    return taken;
  }

  /** Removes the first item of a client. */
  private shift(client: unknown): void {
    const queue = this.queues.get(client) ?? [];
    const taken = queue.shift();
    if (taken !== undefined) this.order.charge(client, this.costOf(taken), this.queues.size);
    const [next] = queue;
    if (next === undefined) this.queues.delete(client);
    else this.order.add(client, this.costOf(next));
  }
}
