/**
 * Counts the open connections of each network. The memory of one connection is bounded, so their number must be too.
 */
import { Shares } from "./shares.ts";
import type { TooMuch } from "./rate-limiter.ts";

/**
 * Seconds for Retry-After. It is unknown when a connection will close; a client that retries sooner is refused again.
 */
const RETRY_SECONDS = 60;

export class Connections {
  private readonly most: number;
  private readonly open = new Shares();

  constructor(most: number) {
    this.most = most;
  }

  add(network: string | undefined): void {
    this.open.add(network, 1);
  }

  remove(network: string | undefined): void {
    this.open.add(network, -1);
  }

  /** Returns a refusal; undefined if one more connection may be opened. */
  refusal(network: string | undefined): TooMuch | undefined {
    if (this.open.of(network) < this.most) return undefined;
    const reason = `your network has ${this.most} open connections, the maximum (MAX_CONNECTIONS): close one first`;
    return { prefix: "rate-limited", reason, seconds: RETRY_SECONDS };
  }
}
