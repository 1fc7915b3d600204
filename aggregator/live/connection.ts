/**
 * One live connection to an upstream: subscriptions that stay open. It does not ask for what came before, apart from the newest
 * 100 events of each filter: the pulls find everything, and no cursor is moved here. It names no `since` either, so that a
 * gift wrap, which is dated back by up to two days (NIP-59), arrives too.
 *
 * Ephemeral events are taken only here, and only if they are new: some relays keep them for minutes and send them to every new
 * subscription. So one that comes before EOSE, that is old, or that came before is left out.
 *
 * Nothing that the upstream sends is trusted. What is no answer to the subscriptions is waste, of which a minute has a bound.
 */
import { printable } from "../../nostr/characters.ts";
import { type Event, kindClass, parseEvent } from "../../nostr/event.ts";
import { anyMatcher } from "../../nostr/filter.ts";
import type { RecentIds } from "../../relay/live/recent-ids.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import { LONGEST_CHALLENGE, readFrame, shortText, type UpstreamSocket } from "../conversation/line.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { NO_KEY, type Sign } from "../conversation/authenticate.ts";
import { filterOf } from "../conversation/upstream-filter.ts";

export interface LiveConnectionDeps {
  filters: readonly UpstreamFilter[];
  /** The ids of events that have come from this upstream, also on earlier connections. */
  recent: RecentIds;
  /** Takes an event that is to be stored. `characters` is its size. */
  take(event: Event, characters: number): void;
  /** Takes an ephemeral event that is new. */
  pass(event: Event): void;
  /** Called once, when the connection has ended. `reason` is for the operator. */
  ended(reason: string): void;
  /** Called for each message that is no answer to the subscriptions. */
  wasted(): void;
  /** Absent: there is no key. */
  sign?: Sign | undefined;
  /** Unix seconds. */
  now(): number;
  metrics: Metrics;
  tracer: Tracer;
}

/** Many relays take at most 10 filters in one REQ. */
const FILTERS_IN_REQUEST = 10;
/** Stored events that each filter asks for. They bridge a short drop before the next pull. */
const STORED = 100;
/** An ephemeral event that is older, in seconds, is not new. */
const OLDEST_EPHEMERAL = 120;
/** Waste of a minute, in characters. A frame counts as at least 1,000, so that many small ones are bounded too. */
const MOST_WASTE = 20_000_000;
const LEAST_WASTE = 1000;
const ALIVE = "alive";
const NO_ID = "0".repeat(64);
const AUTH_REQUIRED = "auth-required:";

interface Subscription {
  filters: UpstreamFilter[];
  /** Whether EOSE has come. */
  isLive: boolean;
  /** Whether it was refused without authentication. */
  isRefused: boolean;
}

export class LiveConnection {
  private readonly socket: UpstreamSocket;
  private readonly deps: LiveConnectionDeps;
  private readonly matches: (event: Event) => boolean;
  private readonly subscriptions = new Map<string, Subscription>();
  private isOver = false;
  /** Whether anything has come since the last check, and whether an answer is awaited as a sign of life. */
  private isHeard = true;
  private isAsking = false;
  private notice = "";
  private challenge: string | undefined;
  /** The id of the event that authenticates, once it is sent. */
  private proof: string | undefined;
  /** Whether a subscription was refused at the last check. */
  private wasRefused = false;
  private waste = { minute: 0, characters: 0 };

  constructor(socket: UpstreamSocket, deps: LiveConnectionDeps) {
    this.socket = socket;
    this.deps = deps;
    this.matches = anyMatcher(deps.filters.map(filterOf));
  }

  /** Subscribes. Call it once. */
  begin(): void {
    const { filters, metrics } = this.deps;
    metrics.add("relay_connect_counts", { source: "upstream" });
    this.socket.listen(
      (frame) => this.receive(frame),
      (reason) => this.end(`the connection ended: ${shortText(reason)}`),
    );
    for (let at = 0; at < filters.length; at += FILTERS_IN_REQUEST) {
      const id = `live-${1 + at / FILTERS_IN_REQUEST}`;
      const some = filters.slice(at, at + FILTERS_IN_REQUEST);
      this.subscriptions.set(id, { filters: some, isLive: false, isRefused: false });
      this.request(id, some);
    }
  }

  /** Ends the connection if the upstream gives no sign of life. Call it about once a minute: a quiet upstream is asked. */
  check(): void {
    if (this.isOver) return;
    const isHeard = this.isHeard;
    this.isHeard = false;
    if (isHeard) this.isAsking = false;
    else if (this.isAsking) this.end("the upstream has stopped answering");
    else {
      this.isAsking = true;
      this.send(["REQ", ALIVE, { ids: [NO_ID], limit: 1 }]);
    }
    // Some relays send no OK for an authentication, and some no challenge.
    if (this.proof !== undefined) this.requestRefused();
    else if (this.wasRefused) this.end("the upstream wants authentication and sends no challenge");
    this.wasRefused = this.isRefused;
  }

  /** Counts an event that was refused here, such as one with a wrong signature, as waste. */
  refused(characters = LEAST_WASTE): void {
    const minute = Math.floor(this.deps.now() / 60);
    if (minute !== this.waste.minute) this.waste = { minute, characters: 0 };
    this.waste.characters += Math.max(LEAST_WASTE, characters);
    this.deps.wasted();
    if (this.waste.characters > MOST_WASTE) this.end("the upstream floods: too much that nobody asked for");
  }

  /** Ends the connection, for this reason. */
  end(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.deps.tracer.span("cleanup", {}, () => this.socket.close());
    this.deps.metrics.add("cleanup_counts", { source: "upstream" });
    const said = this.notice === "" ? "" : `; it says: ${this.notice}`;
    this.deps.ended(printable(`${reason}${said}`));
  }

  private request(id: string, filters: readonly UpstreamFilter[]): void {
    this.send(["REQ", id, ...filters.map((filter) => ({ ...filter, limit: STORED }))]);
  }

  private send(message: unknown[]): void {
    if (this.isOver) return;
    try {
      this.socket.send(JSON.stringify(message));
    } catch (error) {
      this.end(`the connection ended: ${shortText(error instanceof Error ? error.message : String(error))}`);
    }
  }

  private receive(frame: unknown): void {
    if (this.isOver) return;
    this.isHeard = true;
    this.deps.metrics.add("message_received_counts", { source: "upstream" });
    const message = readFrame(frame);
    if (!message || !this.takeMessage(message, (frame as string).length))
      this.refused(typeof frame === "string" ? frame.length : undefined);
  }

  /** Returns whether the message belongs to what was asked for. */
  private takeMessage(message: unknown[], characters: number): boolean {
    const [verb, value] = message;
    const id = typeof value === "string" ? value : "";
    switch (verb) {
      case "EVENT": {
        const subscription = this.subscriptions.get(id);
        return subscription !== undefined && this.takeEvent(message[2], characters, subscription.isLive);
      }
      case "EOSE":
      case "CLOSED":
        if (id === ALIVE) {
          if (verb === "EOSE") this.send(["CLOSE", ALIVE]);
          return true;
        }
        return this.takeEnd(verb, id, message[2]);
      case "AUTH":
        if (id === "" || id.length > LONGEST_CHALLENGE) return false;
        this.challenge = id;
        this.authenticate();
        return true;
      case "OK":
        return id === this.proof && this.takeVerdict(message[2] === true, message[3]);
      case "NOTICE":
        this.notice = shortText(id);
        return true;
      default:
        return false;
    }
  }

  private takeEvent(value: unknown, characters: number, isLive: boolean): boolean {
    const parsed = parseEvent(value);
    if (!parsed.ok || !this.matches(parsed.event) || !this.deps.recent.add(parsed.event.id)) return false;
    const { event } = parsed;
    if (kindClass(event.kind) !== "ephemeral") this.deps.take(event, characters);
    else if (isLive && event.created_at >= this.deps.now() - OLDEST_EPHEMERAL) this.deps.pass(event);
    return true;
  }

  /** Takes the EOSE or CLOSED of a subscription. */
  private takeEnd(verb: "EOSE" | "CLOSED", id: string, reason: unknown): boolean {
    const subscription = this.subscriptions.get(id);
    if (!subscription) return false;
    if (verb === "EOSE") {
      subscription.isLive = true;
      return true;
    }
    const text = shortText(reason);
    if (!text.startsWith(AUTH_REQUIRED) || this.proof !== undefined)
      this.end(`the upstream refused: ${text}`);
    else if (!this.deps.sign) this.end(NO_KEY);
    else {
      subscription.isRefused = true;
      this.authenticate();
    }
    return true;
  }

  /** Answers the challenge, once, if a subscription was refused without. */
  private authenticate(): void {
    if (!this.isRefused || this.challenge === undefined || !this.deps.sign || this.proof !== undefined)
      return;
    const proof = this.deps.sign(this.challenge);
    this.proof = proof.id;
    this.send(["AUTH", proof]);
  }

  private takeVerdict(isAccepted: boolean, reason: unknown): boolean {
    if (!isAccepted) {
      this.end(`the upstream refused the authentication: ${shortText(reason)}`);
      return true;
    }
    this.requestRefused();
    return true;
  }

  private get isRefused(): boolean {
    return [...this.subscriptions.values()].some((subscription) => subscription.isRefused);
  }

  private requestRefused(): void {
    for (const [id, subscription] of this.subscriptions) {
      if (!subscription.isRefused) continue;
      subscription.isRefused = false;
      this.request(id, subscription.filters);
    }
  }
}
