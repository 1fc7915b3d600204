/** Joins hubs: which of them want what, fan-out in batches, and the messages they exchange. */
import type { Event } from "../nostr/event.ts";
import { mergeSpans, type Span } from "./log-position.ts";
import { eventKeys } from "./subscriptions.ts";

/** News of the log, from whoever committed to it. Outlives a deployment, so it says its version. */
export interface Publication {
  version: 1;
  /** The events are the only ones in (prev, last] of the log. */
  prev: number;
  last: number;
  events: Published[];
  /** Passed on and never stored: outside the log (NIP-01). */
  ephemeral: Event[];
  /** Trace context of the commit, W3C. */
  traceparent?: string;
}

export interface Published {
  seq: number;
  event: Event;
}

/** What a hub is sent: the events that it wants, and how much of the log these and those it was spared make up. */
export interface Delivery {
  version: 1;
  spans: Span[];
  /** The furthest place of the log that the switchboard has heard of. */
  head: number;
  events: Published[];
  ephemeral: Event[];
  traceparent?: string;
}

/** A hub's interest, as the keys of `subscriptions.ts`. */
export interface Declaration {
  version: 1;
  hub: string;
  /** The revision that `add` and `remove` change; without it `add` is all that the hub wants. */
  base?: number;
  revision: number;
  add: string[];
  remove: string[];
  /** Others complete it: until then the hub is sent everything. */
  partial?: boolean;
}

export interface DeclarationAnswer {
  /** False when the revision that it builds on is not known here, or a later one is: declare everything. */
  accepted: boolean;
  /** The latest that is known here; later ones are accepted. */
  revision: number;
  head: number;
}

export interface PublishAnswer {
  /** The part of the log that the publishing hub was spared; undefined while a delivery tells it. */
  spared: Span[] | undefined;
  head: number;
}

export interface SwitchboardDeps {
  deliver(hub: string, delivery: Delivery): Promise<void>;
  /** Which hubs may want something; what outlives the switchboard's memory. */
  members: { list(): string[]; add(hub: string): void; remove(hub: string): void };
  /** Keeps work alive that nobody awaits. */
  background(work: Promise<void>): void;
  /** Asks for `retry` to be called after a while. */
  retryLater(): void;
}

interface Member {
  /** Undefined: not told yet, so everything. */
  interest: Set<string> | undefined;
  /** Only some of it has been told: everything, too. */
  isPartial: boolean;
  revision: number | undefined;
  waiting: Waiting;
  sending: boolean;
  /** A delivery failed: the hub must learn of the gap even if nothing more is published. */
  behind: boolean;
}

interface Waiting {
  spans: Span[];
  events: Published[];
  ephemeral: Event[];
  /** How large these events are together. */
  size: number;
  traceparent: string | undefined;
}

/** A hub that is further behind than this reads the log instead. The platform takes 32 MiB in one message. */
const MOST_WAITING = 2000;
const MOST_WAITING_SIZE = 8_000_000;

export class Switchboard {
  private readonly deps: SwitchboardDeps;
  private readonly members = new Map<string, Member>();
  private head = 0;

  constructor(deps: SwitchboardDeps) {
    this.deps = deps;
    for (const hub of deps.members.list()) this.members.set(hub, unknownMember());
  }

  declare(declaration: Declaration): DeclarationAnswer {
    const { hub, base, revision, add, remove } = declaration;
    const known = this.members.get(hub);
    const latest = known?.revision ?? 0;
    const isLate = known?.revision !== undefined && revision <= latest;
    const isFounded = base === undefined || (known?.interest !== undefined && base === known.revision);
    if (isLate || !isFounded) return { accepted: false, revision: latest, head: this.head };
    if (base === undefined && add.length === 0) {
      this.members.delete(hub);
      this.deps.members.remove(hub);
      return { accepted: true, revision, head: this.head };
    }
    const member = known ?? this.newMember(hub);
    if (base === undefined || !member.interest) member.interest = new Set(add);
    for (const key of add) member.interest.add(key);
    for (const key of remove) member.interest.delete(key);
    member.isPartial = declaration.partial === true;
    member.revision = revision;
    return { accepted: true, revision, head: this.head };
  }

  /** `origin` is the hub that committed, if it was one: it has delivered these events itself. */
  publish(publications: Publication[], origin?: string): PublishAnswer {
    for (const publication of publications) this.file(publication, origin);
    for (const [hub, member] of this.members) this.send(hub, member);
    return { spared: this.takeSpared(origin), head: this.head };
  }

  /** Tells the hubs that missed a delivery how far the log has come. */
  retry(): void {
    for (const [hub, member] of this.members) this.send(hub, member);
  }

  private newMember(hub: string): Member {
    const member = unknownMember();
    this.members.set(hub, member);
    this.deps.members.add(hub);
    return member;
  }

  private file(publication: Publication, origin: string | undefined): void {
    const { prev, last, events, ephemeral, traceparent } = publication;
    this.head = Math.max(this.head, last);
    const stored = events.map((published) => ({ published, ...keyed(published.event) }));
    const passing = ephemeral.map((event) => ({ event, ...keyed(event) }));
    for (const [hub, { interest, isPartial, waiting }] of this.members) {
      waiting.spans = mergeSpans([...waiting.spans, { prev, last }]);
      if (hub === origin) continue;
      const wanted = (keys: string[]) => !interest || isPartial || keys.some((key) => interest.has(key));
      const before = waiting.size;
      for (const { published, keys, size } of stored) {
        if (!wanted(keys)) continue;
        waiting.events.push(published);
        waiting.size += size;
      }
      for (const { event, keys, size } of passing) {
        if (!wanted(keys)) continue;
        waiting.ephemeral.push(event);
        waiting.size += size;
      }
      if (waiting.size > before) waiting.traceparent ??= traceparent;
    }
  }

  /** One delivery at a time and hub; what gathers meanwhile leaves together when it returns. */
  private send(hub: string, member: Member): void {
    if (isTooMuch(member.waiting)) {
      member.waiting = nothingWaiting();
      member.behind = true;
    }
    const { events, ephemeral } = member.waiting;
    if (member.sending || (events.length === 0 && ephemeral.length === 0 && !member.behind)) return;
    member.sending = true;
    this.deps.background(this.deliver(hub, member));
  }

  private async deliver(hub: string, member: Member): Promise<void> {
    const { spans, events, ephemeral, traceparent } = member.waiting;
    member.waiting = nothingWaiting();
    member.behind = false;
    try {
      await this.deps.deliver(hub, {
        version: 1,
        spans,
        head: this.head,
        events,
        ephemeral,
        ...(traceparent !== undefined && { traceparent }),
      });
    } catch {
      // The hub finds the gap: what was in this delivery is missing from every later one.
      member.behind = true;
      this.deps.retryLater();
      return;
    } finally {
      member.sending = false;
    }
    this.send(hub, member);
  }

  private takeSpared(origin: string | undefined): Span[] | undefined {
    const member = origin === undefined ? undefined : this.members.get(origin);
    if (!member || member.sending || member.behind) return undefined;
    return member.waiting.spans.splice(0);
  }
}

function unknownMember(): Member {
  return {
    interest: undefined,
    isPartial: false,
    revision: undefined,
    waiting: nothingWaiting(),
    sending: false,
    behind: false,
  };
}

function nothingWaiting(): Waiting {
  return { spans: [], events: [], ephemeral: [], size: 0, traceparent: undefined };
}

function isTooMuch({ events, ephemeral, size }: Waiting): boolean {
  return events.length + ephemeral.length > MOST_WAITING || size > MOST_WAITING_SIZE;
}

function keyed(event: Event): { keys: string[]; size: number } {
  return { keys: eventKeys(event), size: sizeOf(event) };
}

/** How large a publication is in a message: half the bytes that it takes at most. */
export function publicationSize({ events, ephemeral }: Publication): number {
  return [...events.map(({ event }) => event), ...ephemeral].reduce((sum, event) => sum + sizeOf(event), 0);
}

/** In characters, each of which takes up to two bytes in a message, with something for what encloses them. */
function sizeOf({ content, tags }: Event): number {
  const texts = tags.reduce((sum, tag) => tag.reduce((sum, text) => sum + text.length + 4, sum + 8), 0);
  return content.length + texts + 500;
}
