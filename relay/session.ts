/** One client's connection: what it is subscribed to, and where its answers go. */
import type { Event } from "../nostr/event.ts";
import { expiresAt } from "../nostr/expiration.ts";
import { type Filter, matcher } from "../nostr/filter.ts";
import { eventFrame } from "../nostr/message.ts";
import { mayRead } from "../nostr/reader.ts";
import { networkOf } from "./payer.ts";

/** What a session needs of a WebSocket. */
export interface Socket {
  send(frame: string): void;
  close(code: number, reason: string): void;
  /** When the platform last answered a `ping` without asking the relay; undefined: it never did. */
  pingedAt?(): number | undefined;
}

/** One live event: `seq` is its place in the log, undefined for ephemeral ones. */
export interface LiveEvent {
  seq: number | undefined;
  event: Event;
  json: string;
  /** Unix seconds (NIP-40). */
  expiresAt: number | undefined;
}

export function liveEvent(seq: number | undefined, event: Event, json = JSON.stringify(event)): LiveEvent {
  return { seq, event, json, expiresAt: expiresAt(event) };
}

/** What of a subscription must survive the hub's memory. */
export interface SubscriptionRecord {
  id: string;
  filters: Filter[];
  /** The stored answer covered the log up to here: only later events are live. */
  from: number;
}

export class Subscription {
  readonly session: Session;
  readonly id: string;
  readonly filters: Filter[];
  /** Undefined while the stored events are being read: what is live meanwhile waits in `held`. */
  from: number | undefined;
  private held: LiveEvent[] = [];

  constructor(session: Session, id: string, filters: Filter[], from?: number) {
    this.session = session;
    this.id = id;
    this.filters = filters;
    this.from = from;
  }

  /** A test of one event, prepared once for many. */
  matcher(): (event: Event) => boolean {
    const matchers = this.filters.map(matcher);
    return (event) => matchers.some((matches) => matches(event));
  }

  /**
   * True when it went out now: the client may read it, and it is neither held back nor part of the stored answer.
   * `now` is in Unix seconds.
   */
  offer(live: LiveEvent, now: number): boolean {
    if (live.expiresAt !== undefined && live.expiresAt <= now) return false;
    if (!mayRead(this.session.keys, live.event)) return false;
    if (this.from === undefined) {
      this.held.push(live);
      return false;
    }
    if (live.seq !== undefined && live.seq <= this.from) return false;
    this.session.sendLive(eventFrame(this.id, live.json));
    return true;
  }

  /**
   * After EOSE: sends what was held back and was not part of the stored answer, which covers the log up to `answered`,
   * in the order of the log, unless it has expired by `now`. Nothing up to `upTo` comes again.
   */
  goLive(answered: number, upTo: number, now: number): number {
    this.from = answered;
    const held = [...new Map(this.held.map((live) => [live.event.id, live])).values()];
    this.held = [];
    held.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity));
    const sent = held.filter((live) => this.offer(live, now)).length;
    this.from = upTo;
    return sent;
  }
}

/** Whom a session speaks with (NIP-42). */
export interface Identity {
  /** Valid as long as the connection. */
  challenge: string;
  /** The addresses of this relay, as far as this client is concerned. */
  addresses: string[];
  /** Where the client connects from, an IP address; undefined when the platform does not tell. */
  ip: string | undefined;
  /** Keys that the client has proven to hold. */
  keys: string[];
}

/** Keeps what a session is where the next wake-up finds it. */
export interface SessionMemory {
  keep(record: SubscriptionRecord): void;
  forget(id: string): void;
  keepIdentity(identity: Identity): void;
}

export class Session {
  readonly subscriptions = new Map<string, Subscription>();
  readonly memory: SessionMemory;
  readonly challenge: string;
  readonly addresses: readonly string[];
  readonly ip: string | undefined;
  /** Who pays for it, apart from its keys. */
  readonly network: string | undefined;
  private readonly socket: Socket;
  private readonly proven: Set<string>;
  /** How often in a row it was told that it asks for too much. */
  refusals = 0;
  /** Counts that it waits for. */
  counting = 0;
  /** What live events came to since the client last said something. */
  private silentBytes = 0;
  private pingedAt: number | undefined;

  constructor(socket: Socket, memory: SessionMemory, identity: Identity) {
    this.socket = socket;
    this.memory = memory;
    this.challenge = identity.challenge;
    this.addresses = identity.addresses;
    this.ip = identity.ip;
    this.network = networkOf(identity.ip);
    this.proven = new Set(identity.keys);
  }

  /** Keys that the client has proven to hold. */
  get keys(): ReadonlySet<string> {
    return this.proven;
  }

  /** Where it waits for its turn: connections from one address share theirs. */
  get line(): unknown {
    return this.network ?? this;
  }

  /** The client has proven to hold this key too. */
  authenticate(pubkey: string): void {
    this.proven.add(pubkey);
    this.memory.keepIdentity({
      challenge: this.challenge,
      addresses: [...this.addresses],
      ip: this.ip,
      keys: [...this.proven],
    });
  }

  send(frame: string): void {
    this.socket.send(frame);
  }

  sendLive(frame: string): void {
    this.silentBytes += frame.length;
    this.socket.send(frame);
  }

  /** The client has said something: it is there, and takes what it is sent. */
  hear(): void {
    this.silentBytes = 0;
  }

  /** More bytes than these were sent as live events without a word from the client, not even a `ping`. */
  isSilentBeyond(bytes: number): boolean {
    if (this.silentBytes <= bytes) return false;
    const pingedAt = this.socket.pingedAt?.();
    if (pingedAt === this.pingedAt) return true;
    this.pingedAt = pingedAt;
    this.silentBytes = 0;
    return false;
  }

  /** The relay ends the connection, and says why. */
  end(code: number, reason: string): void {
    this.socket.close(code, reason);
  }
}
