/**
 * The order in which waiting clients are served. Each gets the same amount of work, measured by cost (weighted fair queueing
 * with equal weights). A client that has been served much waits behind one that has been served little, no matter how many
 * pieces of work each of them has.
 */
import TinyQueue from "tinyqueue";

/**
 * If two clients were served equally, the one with the smaller piece of work goes first. A piece counts as at most this
 * much, so that many small pieces delay a large one only for a while.
 */
const MOST_DELAY = 500;

/** When more clients than this are known, those that were not served more than a new client are forgotten. */
const LEAST_KNOWN = 1000;

export interface Turn {
  client: unknown;
  /** What the client had been served when it started to wait. */
  served: number;
  /** The lowest key goes first. */
  key: number;
  /** Turns with the same key come in the order in which they were added. */
  place: number;
}

export class FairOrder {
  private readonly turns = new TinyQueue<Turn>([], (a, b) => a.key - b.key || a.place - b.place);
  /** The cost of the work that each client was served. */
  private readonly work = new Map<unknown, number>();
  /** What a client would have been served if it had always been waiting. New clients start at this value. */
  private share = 0;
  private places = 0;
  private mostKnown = LEAST_KNOWN;

  /** Adds a client that waits for a piece of work of this cost. Clients are compared by identity. */
  add(client: unknown, cost: number): void {
    const served = this.servedOf(client);
    this.places += 1;
    this.turns.push({ client, served, key: served + Math.min(cost, MOST_DELAY), place: this.places });
  }

  /** Returns the next turn without removing it. Undefined if no client waits. */
  first(): Turn | undefined {
    for (let turn = this.turns.peek(); turn; turn = this.turns.peek()) {
      const more = (this.work.get(turn.client) ?? 0) - turn.served;
      if (more <= 0) return turn;
      // The client has been charged since it started to wait.
      this.turns.pop();
      this.turns.push({ ...turn, served: turn.served + more, key: turn.key + more });
    }
    return undefined;
  }

  /** Removes the next turn. */
  take(): Turn | undefined {
    return this.first() && this.turns.pop();
  }

  /** Puts back a turn that was not used. */
  putBack(turn: Turn): void {
    this.turns.push(turn);
  }

  /**
   * Charges a client, when its work starts, or when its work turned out to cost more (negative: less) than expected.
   * `active` are the clients with running or waiting work.
   */
  charge(client: unknown, cost: number, active: number): void {
    this.work.set(client, this.servedOf(client) + cost);
    this.share += cost / Math.max(1, active);
    if (this.work.size > this.mostKnown) this.forget();
  }

  private servedOf(client: unknown): number {
    return Math.max(this.share, this.work.get(client) ?? 0);
  }

  private forget(): void {
    for (const [client, served] of this.work) if (served <= this.share) this.work.delete(client);
    this.mostKnown = Math.max(LEAST_KNOWN, 2 * this.work.size);
  }
}
