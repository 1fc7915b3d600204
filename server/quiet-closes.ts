/** How Deno's connections close. */
import type { Peer } from "crossws";

/** Without a message for so long, a client is taken to wait, in milliseconds. */
const QUIET = 50;
/** A client that never stops sending is disconnected after this, in milliseconds. */
const LONGEST = 500;

/**
 * Closes connections when their clients are quiet. Deno ends a connection at once, and sends neither the Close frame nor what waits to
 * be sent before it, if another message comes when it has begun to close. So a client that floods would not be told why it must go.
 */
export class QuietCloses {
  /** When the last message came, of each connection that is to close. */
  private readonly closing = new Map<Peer, number>();

  /** Call this for each message. */
  hear(peer: Peer): void {
    if (this.closing.has(peer)) this.closing.set(peer, Date.now());
  }

  close(peer: Peer, code: number, reason: string): void {
    if (this.closing.has(peer)) return;
    const latest = Date.now() + LONGEST;
    this.closing.set(peer, Date.now());
    const look = () => {
      const now = Date.now();
      if (now - (this.closing.get(peer) ?? 0) < QUIET && now < latest) return void setTimeout(look, QUIET);
      this.closing.delete(peer);
      peer.close(code, reason);
    };
    setTimeout(look, QUIET);
  }
}
