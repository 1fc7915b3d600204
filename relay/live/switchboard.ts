/** The switchboard: the interests of hubs, deliveries in batches, and the messages between hubs and switchboard. */
import type { Event } from "../../nostr/event.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { isSampled, leadOf } from "../../telemetry/traceparent.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { keyHash, KeySet } from "./key-set.ts";
import { mergeSpans, type Span } from "./log-position.ts";
import { continuedBy, traceOf } from "./message-trace.ts";
import { RecentIds } from "./recent-ids.ts";
import { eventKeys } from "./subscription-index.ts";

/**
 * What one committer added to the log. Without events it only says how far the log goes, and hubs read there what they have
 * missed. It has a version, because it may reach another deployment.
 */
export interface Publication {
  version: 1;
  /** These events are the only ones at the log positions after `prev` up to `last`. */
  prev: number;
  last: number;
  events: Published[];
  /** Ephemeral events, which are never stored and have no log position (NIP-01). */
  ephemeral: Event[];
  /**
   * Whether its ephemeral events come from an upstream. Then an event that was published a moment ago is dropped: several
   * upstreams send the same one. A client may publish the same event again, for a subscriber that has come meanwhile.
   */
  isPulled?: true;
  /** Trace context of the commit, W3C. */
  traceparent?: string;
}

/**
 * A message of unknown version, from a deployment that runs beside this one. These fields have the same meaning in every
 * version. Only they are read, and they are enough for hubs to find the events in the log.
 */
export type OtherPublication = OtherVersion & Pick<Publication, "last">;
export type OtherDelivery = OtherVersion & Pick<Delivery, "head">;
export type OtherDeclaration = OtherVersion & Pick<Declaration, "hub">;

interface OtherVersion {
  version: number;
}

export interface Published {
  seq: number;
  event: Event;
}

/** What a hub is sent: the events that it wants, and the ranges of the log that these and the skipped events cover. */
export interface Delivery {
  version: 1;
  spans: Span[];
  /** The end of the log, as far as the switchboard knows. */
  head: number;
  events: Published[];
  ephemeral: Event[];
  traceparent?: string;
}

/** A hub's interest: keys of `subscription-index.ts`. */
export interface Declaration {
  version: 1;
  hub: string;
  /** The revision that `add` and `remove` change. Without it, `add` is everything that the hub wants. */
  base?: number;
  revision: number;
  add: string[];
  remove: string[];
  /** Whether more declarations follow that complete it. Until then the hub is sent everything. */
  partial?: boolean;
}

export interface DeclarationAnswer {
  /** False if its base revision is unknown here, or a later one is known. Then declare everything. */
  accepted: boolean;
  /** The latest revision that is known here. Later ones are accepted. */
  revision: number;
  head: number;
  /** Present if there is no memory for the hub's keys: it is sent everything, until it next declares everything. */
  everything?: true;
}

export interface PublishAnswer {
  /**
   * The ranges of the log that were skipped for the publishing hub. Undefined while a delivery will tell them. After failed
   * deliveries they leave gaps up to `head`, which the hub finds.
   */
  skipped: Span[] | undefined;
  head: number;
}

/** The switchboard's interface for a hub. `origin` is the hub's name. */
export interface SwitchboardOfHub {
  declare(declaration: Declaration): Promise<DeclarationAnswer>;
  publish(publications: Publication[], origin: string): Promise<PublishAnswer>;
}

export interface SwitchboardDeps {
  deliver(hub: string, delivery: Delivery): Promise<void>;
  /** The hubs that may want something. It outlives the switchboard's memory. */
  members: { list(): string[]; add(hub: string): void; remove(hub: string): void };
  /** Keeps background work alive. */
  background(work: Promise<void>): void;
  /** Unix seconds. */
  now(): number;
  /** Schedules a call of `retry` at this time, in Unix seconds. Replaces the previous schedule. */
  retryAt(time: number): void;
  /** Writes to the operator's log. */
  report(error: unknown): void;
  metrics: Pick<Metrics, "add">;
  tracer: Tracer;
  /** For the hashes of keys; random. */
  seed?: number;
  /** Maximum number of keys of all hubs, in place of the default. */
  mostKeys?: number;
}

interface Member {
  /** Undefined: not declared yet, or too many keys. So the hub gets everything. */
  interest: KeySet | undefined;
  /** Whether there is no memory for its keys. */
  isTooMuch: boolean;
  /** Whether only a part has been declared. Then the hub gets everything too. */
  isPartial: boolean;
  revision: number | undefined;
  waiting: Waiting;
  sending: boolean;
  /** Whether a delivery failed. Then the hub must learn of the gap even if nothing more is published. */
  behind: boolean;
  /** Number of failed deliveries in a row. */
  failures: number;
  /** When to try again after failures, in Unix seconds. */
  retryAt: number;
}

interface Waiting {
  spans: Span[];
  events: Published[];
  ephemeral: Event[];
  /** The total size of these events. */
  size: number;
  traceparent: string | undefined;
}

/** Maximum number of keys of all hubs: about 40 MB. Beyond it, the hub with the most keys is sent everything. */
export const MOST_KEYS = 1_000_000;

/** Number of ephemeral events that are remembered: about 1 MB. They are forgotten if the object is evicted. */
const RECENT_EPHEMERAL = 10_000;

/** If more than this waits for a hub, it reads the log instead. The platform's limit for a message is 32 MiB. */
const MOST_WAITING = 2000;
const MOST_WAITING_SIZE = 8_000_000;

/** Seconds until the next try, after each failure in a row. A deployment may make a hub unavailable for 300 s. */
const RETRY_PAUSES = [2, 4, 8, 16, 32, 64, 128, 256];
/** After one more failure a hub is only tried when there are new events, and after this many seconds. */
const GIVEN_UP_PAUSE = 600;

export class Switchboard {
  private readonly deps: SwitchboardDeps;
  private readonly members = new Map<string, Member>();
  private readonly recentEphemeral = new RecentIds(RECENT_EPHEMERAL);
  private head = 0;

  constructor(deps: SwitchboardDeps) {
    this.deps = deps;
    for (const hub of deps.members.list()) this.members.set(hub, unknownMember());
  }

  declare(declaration: Declaration | OtherDeclaration): DeclarationAnswer {
    if (!isKnownVersion(declaration)) return this.sendEverything(declaration);
    const { hub, base, revision, add, remove } = declaration;
    const known = this.members.get(hub);
    const latest = known?.revision ?? 0;
    const isLate = known?.revision !== undefined && revision <= latest;
    const isFounded =
      base === undefined || ((known?.interest ?? known?.isTooMuch) && base === known.revision);
    if (isLate || !isFounded) return { accepted: false, revision: latest, head: this.head };
    if (base === undefined && add.length === 0) {
      this.members.delete(hub);
      this.deps.members.remove(hub);
      return { accepted: true, revision, head: this.head };
    }
    const member = known ?? this.newMember(hub);
    if (base === undefined) {
      member.interest = new KeySet();
      member.isTooMuch = false;
    }
    for (const key of add) member.interest?.add(this.hash(key));
    for (const key of remove) member.interest?.remove(this.hash(key));
    this.boundKeys();
    member.isPartial = declaration.partial === true;
    member.revision = revision;
    if (member.failures > 0) {
      // The hub is available again.
      member.retryAt = 0;
      this.send(hub, member);
    }
    return { accepted: true, revision, head: this.head, ...(member.isTooMuch && { everything: true }) };
  }

  /** Forgets the keys of the largest hubs until the others have room. A hub without known keys is sent everything. */
  private boundKeys(): void {
    const sizeOfKeys = ({ interest }: Member) => interest?.size ?? 0;
    const members = [...this.members.values()].toSorted((a, b) => sizeOfKeys(b) - sizeOfKeys(a));
    let keys = members.reduce((sum, member) => sum + sizeOfKeys(member), 0);
    for (const member of members) {
      if (keys <= (this.deps.mostKeys ?? MOST_KEYS)) return;
      keys -= sizeOfKeys(member);
      member.interest = undefined;
      member.isTooMuch = true;
    }
  }

  private hash(key: string): number {
    return keyHash(key, this.deps.seed ?? 0);
  }

  private keyed(event: Event): { keys: number[]; size: number } {
    return { keys: eventKeys(event).map((key) => this.hash(key)), size: sizeOf(event) };
  }

  /** Publishes. `origin` is the hub that committed, if any: it has already delivered these events itself. */
  publish(publications: (Publication | OtherPublication)[], origin?: string): PublishAnswer {
    const parent = traceOf(publications);
    return this.deps.tracer.span("publish", { parent, kind: "server" }, (span) =>
      this.publishAll(continuedBy(publications, parent, span), origin),
    );
  }

  private publishAll(publications: (Publication | OtherPublication)[], origin?: string): PublishAnswer {
    for (const publication of publications) {
      if (isKnownVersion(publication)) this.file(publication, origin);
      else this.leaveToLog(publication);
    }
    for (const [hub, member] of this.members) this.send(hub, member);
    return { skipped: this.takeSkipped(origin), head: this.head };
  }

  /** Tells hubs that missed a delivery the end of the log. */
  retry(): void {
    for (const [hub, member] of this.members) this.send(hub, member);
    this.planRetry();
  }

  private planRetry(): void {
    const times = [...this.members.values()].filter(isToBeRetried).map(({ retryAt }) => retryAt);
    if (times.length > 0) this.deps.retryAt(Math.min(...times));
  }

  /** Sends everything to a hub whose declaration cannot be read. */
  private sendEverything({ hub, version }: OtherDeclaration): DeclarationAnswer {
    this.deps.report(
      new Error(`${hub} declared its interest in the unknown version ${version}: it will get every event`),
    );
    const member = this.members.get(hub) ?? this.newMember(hub);
    member.interest = undefined;
    member.isTooMuch = false;
    member.revision = undefined;
    return { accepted: true, revision: 0, head: this.head };
  }

  /** Tells every hub the end of the log, so that it reads from there what could not be read here. */
  private leaveToLog({ version, last }: OtherPublication): void {
    this.deps.report(
      new Error(`a publication has the unknown version ${version}: hubs read the log instead`),
    );
    this.head = Math.max(this.head, last);
    for (const member of this.members.values()) member.behind = true;
  }

  private newMember(hub: string): Member {
    const member = unknownMember();
    this.members.set(hub, member);
    this.deps.members.add(hub);
    return member;
  }

  private file(publication: Publication, origin: string | undefined): void {
    const { prev, last, events, ephemeral, isPulled, traceparent } = publication;
    this.head = Math.max(this.head, last);
    const isBare = events.length === 0 && ephemeral.length === 0;
    const stored = events.map((published) => ({ published, ...this.keyed(published.event) }));
    const passing = ephemeral
      .filter(({ id }) => this.recentEphemeral.add(id) || !isPulled)
      .map((event) => ({ event, ...this.keyed(event) }));
    for (const [hub, member] of this.members) {
      if (isBare) member.behind = true;
      if (this.isResting(member)) continue;
      const { interest, isPartial, waiting } = member;
      waiting.spans = mergeSpans([...waiting.spans, { prev, last }]);
      if (hub === origin) continue;
      const wanted = (keys: number[]) => !interest || isPartial || keys.some((key) => interest.has(key));
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
      if (waiting.size > before) waiting.traceparent = leadOf([waiting.traceparent, traceparent], isSampled);
    }
  }

  /** Makes one delivery per hub at a time. Events that gather meanwhile are sent together when it returns. */
  private send(hub: string, member: Member): void {
    if (isTooMuch(member.waiting)) {
      member.waiting = nothingWaiting();
      member.behind = true;
    }
    const { events, ephemeral } = member.waiting;
    if (member.sending || this.isResting(member)) return;
    if (events.length === 0 && ephemeral.length === 0 && !member.behind) return;
    member.sending = true;
    this.deps.background(this.deliver(hub, member));
  }

  private async deliver(hub: string, member: Member): Promise<void> {
    const { spans, events, ephemeral, traceparent } = member.waiting;
    member.waiting = nothingWaiting();
    member.behind = false;
    const delivery: Delivery = { version: 1, spans, head: this.head, events, ephemeral };
    const about = { kind: "client", peer: "relay", attributes: { hub }, isPart: true } as const;
    try {
      await this.deps.tracer.span("deliver", { parent: traceparent, ...about }, (span) => {
        const context = span.traceparent ?? traceparent;
        return this.deps.deliver(hub, {
          ...delivery,
          ...(context !== undefined && { traceparent: context }),
        });
      });
    } catch (error) {
      member.sending = false;
      this.failed(hub, member, error);
      return;
    }
    member.sending = false;
    member.failures = 0;
    this.send(hub, member);
  }

  /** Handles a failed delivery. The hub will find the gap, because later deliveries do not cover these events. */
  private failed(hub: string, member: Member, error: unknown): void {
    const pause = RETRY_PAUSES[member.failures];
    member.behind = true;
    member.failures += 1;
    // From now on it gets no deliveries for a while. It will read from the log what gathers meanwhile.
    if (member.failures > 1) member.waiting = nothingWaiting();
    member.retryAt = this.deps.now() + (pause ?? GIVEN_UP_PAUSE);
    this.deps.metrics.add("failed_deliveries_total", { source: "websocket" });
    const next =
      pause === undefined
        ? `the ${member.failures}th failure, next try with new events in ${GIVEN_UP_PAUSE} s`
        : `next try in ${pause} s`;
    this.deps.report(`a delivery to ${hub} failed (${next}): ${String(error)}`);
    this.planRetry();
  }

  /** New events right after a first failure are still sent: a restarted hub accepts them. */
  private isResting({ failures, retryAt }: Member): boolean {
    return failures > 1 && this.deps.now() < retryAt;
  }

  private takeSkipped(origin: string | undefined): Span[] | undefined {
    const member = origin === undefined ? undefined : this.members.get(origin);
    if (!member || member.sending) return undefined;
    return member.waiting.spans.splice(0);
  }
}

/** Reads a delivery. Of an unknown version it reads only the end of the log; the hub reads the events from there. */
export function readDelivery(
  delivery: Delivery | OtherDelivery,
  deps: Pick<SwitchboardDeps, "report">,
): Delivery {
  if (isKnownVersion(delivery)) return delivery;
  const { version, head } = delivery;
  deps.report(new Error(`a delivery has the unknown version ${version}: the hub reads the log instead`));
  return { version: 1, spans: [], head, events: [], ephemeral: [] };
}

/** Returns whether a message has a version that can be read here. */
function isKnownVersion<M extends { version: 1 }>(message: M | OtherVersion): message is M {
  return message.version === 1;
}

function unknownMember(): Member {
  return {
    interest: undefined,
    isTooMuch: false,
    isPartial: false,
    revision: undefined,
    waiting: nothingWaiting(),
    sending: false,
    behind: false,
    failures: 0,
    retryAt: 0,
  };
}

function isToBeRetried({ failures, sending }: Member): boolean {
  return failures > 0 && failures <= RETRY_PAUSES.length && !sending;
}

function nothingWaiting(): Waiting {
  return { spans: [], events: [], ephemeral: [], size: 0, traceparent: undefined };
}

function isTooMuch({ events, ephemeral, size }: Waiting): boolean {
  return events.length + ephemeral.length > MOST_WAITING || size > MOST_WAITING_SIZE;
}

/** Returns the size of a publication in a message, in characters. It takes at most two bytes per character. */
export function publicationSize({ events, ephemeral }: Publication): number {
  return [...events.map(({ event }) => event), ...ephemeral].reduce((sum, event) => sum + sizeOf(event), 0);
}

/** Returns the size of events in characters, with an allowance for the encoding. Each takes at most two bytes. */
function sizeOf({ content, tags }: Event): number {
  const texts = tags.reduce((sum, tag) => tag.reduce((sum, text) => sum + text.length + 4, sum + 8), 0);
  return content.length + texts + 500;
}
