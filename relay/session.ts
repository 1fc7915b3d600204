/** One client's connection: what it is subscribed to, and where its answers go. */
import type { Event } from "../nostr/event.ts";
import { type Filter, matcher } from "../nostr/filter.ts";
import { eventFrame } from "../nostr/message.ts";

/** What a session needs of a WebSocket. */
export interface Socket {
  send(frame: string): void;
}

/** One live event: `seq` is its place in the log, undefined for ephemeral ones. */
export interface LiveEvent {
  seq: number | undefined;
  event: Event;
  json: string;
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

  matches(event: Event): boolean {
    return this.filters.some((filter) => matcher(filter)(event));
  }

  /** True when it went out now: neither held back nor part of the stored answer. */
  offer(live: LiveEvent): boolean {
    if (this.from === undefined) {
      this.held.push(live);
      return false;
    }
    if (live.seq !== undefined && live.seq <= this.from) return false;
    this.session.send(eventFrame(this.id, live.json));
    return true;
  }

  /** After EOSE: sends what was held back and was not part of the stored answer, in the order of the log. */
  goLive(from: number): number {
    this.from = from;
    const held = [...new Map(this.held.map((live) => [live.event.id, live])).values()];
    this.held = [];
    held.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity));
    return held.filter((live) => this.offer(live)).length;
  }
}

/** Keeps a session's subscriptions where the next wake-up finds them. */
export interface SessionMemory {
  keep(record: SubscriptionRecord): void;
  forget(id: string): void;
}

export class Session {
  readonly subscriptions = new Map<string, Subscription>();
  readonly memory: SessionMemory;
  private readonly socket: Socket;

  constructor(socket: Socket, memory: SessionMemory) {
    this.socket = socket;
    this.memory = memory;
  }

  send(frame: string): void {
    this.socket.send(frame);
  }
}
