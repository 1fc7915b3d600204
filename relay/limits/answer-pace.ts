/**
 * Spreads large answers over time. The runtime keeps what a client does not read, and does not tell how much that is. So no
 * client is sent stored events much faster than a usual connection takes them.
 */
import { bucketsOf, type Client } from "./client.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** Bytes of stored events that a network, or a key, is sent at once, and in each second after that. */
export const BYTES_AT_ONCE = 4_000_000;
export const BYTES_PER_SECOND = 1_000_000;

const BYTES_PER_MINUTE = 60 * BYTES_PER_SECOND;

export class AnswerPace {
  private readonly buckets = new TokenBuckets(BYTES_PER_MINUTE);

  /** Returns for how many milliseconds the next part of an answer waits: whole seconds, like `now`, which is in Unix seconds. */
  wait(client: Client, now: number): number {
    return 1000 * Math.ceil(this.buckets.wait(bucketsOf(client), now, BYTES_PER_MINUTE - BYTES_AT_ONCE));
  }

  /** Records that a client was sent this many bytes of stored events. */
  sent(client: Client, bytes: number, now: number): void {
    this.buckets.charge(bucketsOf(client), bytes, now);
  }
}
