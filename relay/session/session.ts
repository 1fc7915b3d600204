/** A session: one client's connection and its subscriptions. */
import { authFrame } from "../../nostr/message.ts";
import { networkOf } from "../limits/client.ts";
import type { Subscriber, Subscription, SubscriptionRecord } from "../live/subscription.ts";

/** The part of a WebSocket that a session uses. */
export interface Socket {
  send(frame: string): void;
  close(code: number, reason: string): void;
  /** When the platform last answered a `ping` by itself; undefined: never. */
  pingedAt?(): number | undefined;
  /** Bytes that the client has not read yet, if the platform tells. Then it need not send anything. */
  unread?(): number;
}

/** The client of a session (NIP-42). */
export interface Identity {
  /** The challenge of NIP-42, valid for the whole connection. */
  challenge: string;
  /** Whether the client has been sent the challenge. */
  isChallenged: boolean;
  /** The addresses of this relay that the client may have used. */
  addresses: string[];
  /** The client's IP address; undefined if the platform does not tell. */
  ip: string | undefined;
  /** Keys that the client has authenticated as. */
  keys: string[];
}

/** Saves a session so that it can be restored after hibernation. */
export interface SessionMemory {
  /** Notes that it has subscriptions that are not saved yet. If it is restored like that, its connection must end. */
  expectMore(): void;
  /** Saves new subscriptions in one write. `isMoreExpected`: others are not saved yet. */
  keep(records: SubscriptionRecord[], isMoreExpected: boolean): void;
  forget(id: string): void;
  keepIdentity(identity: Identity): void;
}

export class Session implements Subscriber {
  private readonly byId = new Map<string, Subscription<Session>>();
  private heldValues = 0;
  readonly memory: SessionMemory;
  readonly challenge: string;
  readonly addresses: readonly string[];
  readonly ip: string | undefined;
  /** The network that is charged, besides its keys. */
  readonly network: string | undefined;
  private readonly socket: Socket;
  private readonly proven: Set<string>;
  private isChallenged: boolean;
  /** How often in a row it was refused because of its allowance. */
  refusals = 0;
  /** Cost of matching its filters that is not charged yet. */
  matching = 0;
  /** AUTHs and long messages that wait for their turn. Later messages wait for them. */
  waiting: Promise<void> | undefined;
  /** Number of unanswered COUNTs. */
  counting = 0;
  /** Bytes of events since the client last sent something. */
  private silentBytes = { live: 0, stored: 0 };
  private pingedAt: number | undefined;

  constructor(socket: Socket, memory: SessionMemory, identity: Identity) {
    this.socket = socket;
    this.memory = memory;
    this.challenge = identity.challenge;
    this.isChallenged = identity.isChallenged;
    this.addresses = identity.addresses;
    this.ip = identity.ip;
    this.network = networkOf(identity.ip);
    this.proven = new Set(identity.keys);
  }

  get subscriptions(): ReadonlyMap<string, Subscription<Session>> {
    return this.byId;
  }

  /** Ids, authors, kinds and tag values of all its subscriptions. */
  get values(): number {
    return this.heldValues;
  }

  add(subscription: Subscription<Session>): void {
    this.remove(subscription.id);
    this.byId.set(subscription.id, subscription);
    this.heldValues += subscription.values;
  }

  /** Returns the subscription that had this id. */
  remove(id: string): Subscription<Session> | undefined {
    const subscription = this.byId.get(id);
    this.byId.delete(id);
    this.heldValues -= subscription?.values ?? 0;
    return subscription;
  }

  /** Keys that the client has authenticated as. */
  get keys(): ReadonlySet<string> {
    return this.proven;
  }

  /** The client in fair queues: connections from one network share it. */
  get client(): unknown {
    return this.network ?? this;
  }

  /** Adds an authenticated key. */
  authenticate(pubkey: string): void {
    this.proven.add(pubkey);
    this.keepIdentity();
  }

  /** Sends the challenge, once per connection. */
  sendChallenge(): void {
    if (this.isChallenged) return;
    this.isChallenged = true;
    this.keepIdentity();
    this.send(authFrame(this.challenge));
  }

  private keepIdentity(): void {
    this.memory.keepIdentity({
      challenge: this.challenge,
      isChallenged: this.isChallenged,
      addresses: [...this.addresses],
      ip: this.ip,
      keys: [...this.proven],
    });
  }

  /** Runs work after everything that already waits, and before everything that comes later. */
  async inOrder(work: () => Promise<void>): Promise<void> {
    const before = this.waiting;
    const working = before ? before.then(work) : work();
    const settled = working.catch(() => undefined);
    this.waiting = settled;
    await working.finally(() => {
      if (this.waiting === settled) this.waiting = undefined;
    });
  }

  countRefusal<T>(refusal: T | undefined): T | undefined {
    this.refusals = refusal ? this.refusals + 1 : 0;
    return refusal;
  }

  send(frame: string): void {
    this.socket.send(frame);
  }

  sendLive(frame: string): void {
    this.silentBytes.live += frame.length;
    this.socket.send(frame);
  }

  sendStored(frame: string): void {
    this.silentBytes.stored += frame.length;
    this.socket.send(frame);
  }

  /** Records that the client has sent something: it is alive and reads. */
  hear(): void {
    this.silentBytes = { live: 0, stored: 0 };
  }

  /** Whether more than this many bytes of events were sent since the client last sent something, even a `ping`. */
  isSilentBeyond(bytes: number, events: "live" | "stored"): boolean {
    if (this.socket.unread) return this.socket.unread() > bytes;
    if (this.silentBytes[events] <= bytes) return false;
    const pingedAt = this.socket.pingedAt?.();
    if (pingedAt === this.pingedAt) return true;
    this.pingedAt = pingedAt;
    this.hear();
    return false;
  }

  /** Closes the connection with a reason. */
  end(code: number, reason: string): void {
    this.socket.close(code, reason);
  }
}
