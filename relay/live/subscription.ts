/** A live subscription: which events it gets, and from which log position on. */
import type { Event } from "../../nostr/event.ts";
import { expiresAt } from "../../nostr/expiration.ts";
import { anyMatcher, type Filter, valuesIn } from "../../nostr/filter.ts";
import { eventFrame } from "../../nostr/message.ts";
import { mayRead, readersOf } from "../../nostr/visibility.ts";

/** The part of a session that the feed uses. */
export interface Subscriber {
  /** Keys that the client has authenticated as. */
  readonly keys: ReadonlySet<string>;
  /** The network that is charged, besides its keys. */
  readonly network: string | undefined;
  /** Its open subscriptions, by id. */
  readonly subscriptions: ReadonlyMap<string, unknown>;
  /** Cost of matching its filters that is not charged yet. */
  matching: number;
  sendLive(frame: string): void;
}

/** One live event. `seq` is its log position; undefined for ephemeral events. */
export interface LiveEvent {
  seq: number | undefined;
  event: Event;
  json: string;
  /** Unix seconds (NIP-40). */
  expiresAt: number | undefined;
  /** The keys that may see it; undefined: everybody may. */
  readers: ReadonlySet<string> | undefined;
}

export function liveEvent(seq: number | undefined, event: Event, json = JSON.stringify(event)): LiveEvent {
  return { seq, event, json, expiresAt: expiresAt(event), readers: readersOf(event) };
}

/** The part of a subscription that survives hibernation. */
export interface SubscriptionRecord {
  id: string;
  filters: Filter[];
  /** The stored answer covered the log up to here. Only later events are live. */
  from: number;
  /** Present in records of earlier deployments: it waits for its declaration, and none of the later events was sent yet. */
  undeclared?: true;
}

export class Subscription<S extends Subscriber = Subscriber> {
  readonly session: S;
  readonly id: string;
  readonly filters: Filter[];
  /** Ids, authors, kinds and tag values of its filters. */
  readonly values: number;
  /** Bytes of the hub's memory that it takes. */
  bytes = 0;
  /** Up to here it has had the events of the log. Undefined while the stored events are being read. */
  from: number | undefined;
  /** Called when an event of the log is held back after EOSE. */
  heldBack: () => void = () => undefined;
  /** Live events that wait for the stored ones, or for the declaration of its keys. Undefined: they are sent at once. */
  private held: LiveEvent[] | undefined;

  constructor(session: S, id: string, filters: Filter[], from?: number) {
    this.session = session;
    this.id = id;
    this.filters = filters;
    this.values = valuesIn(filters);
    this.from = from;
    if (from === undefined) this.held = [];
  }

  /** Whether events of the log are sent at once. */
  get isLive(): boolean {
    return this.held === undefined;
  }

  /** Call this for one that was open before, and waited for its declaration. */
  waitAgain(): void {
    this.held = [];
  }

  /** Tests an event. Prepared once. */
  matcher(): (event: Event) => boolean {
    return anyMatcher(this.filters);
  }

  /**
   * Offers a live event. Returns whether it was sent now: the client may see it, it is not held back, and it is not part of
   * the stored answer. `now` is in Unix seconds.
   */
  offer(live: LiveEvent, now: number): boolean {
    if (live.expiresAt !== undefined && live.expiresAt <= now) return false;
    if (!mayRead(this.session.keys, live.readers)) return false;
    if (live.seq !== undefined && live.seq <= (this.from ?? -Infinity)) return false;
    if (this.held && (live.seq !== undefined || this.from === undefined)) {
      this.held.push(live);
      if (this.from !== undefined) this.heldBack();
      return false;
    }
    this.session.sendLive(eventFrame(this.id, live.json));
    return true;
  }

  /**
   * Call this after EOSE if its keys are not declared yet. Events of the log still wait, because the hub may have missed
   * some before them. Ephemeral ones are sent. Returns how many.
   */
  waitForDeclaration(answeredTo: number, now: number): number {
    const held = this.held ?? [];
    this.held = [];
    this.from = answeredTo;
    return distinct(held).filter((live) => this.offer(live, now)).length;
  }

  /**
   * Call this after EOSE, when its keys are declared. Sends the events that were held back, in the order of the log. Leaves out events of the stored
   * answer, which covers the log up to `answeredTo`, and expired ones. No event up to `coveredTo` is sent again.
   */
  goLive(answeredTo: number, coveredTo: number, now: number): number {
    this.from = answeredTo;
    const held = distinct(this.held ?? []);
    this.held = undefined;
    held.sort((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity));
    const sent = held.filter((live) => this.offer(live, now)).length;
    this.from = coveredTo;
    return sent;
  }
}

function distinct(events: LiveEvent[]): LiveEvent[] {
  return [...new Map(events.map((live) => [live.event.id, live])).values()];
}
