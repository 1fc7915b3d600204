/**
 * The live connection of one upstream over its whole life: connected as long as Cron orders it, each minute, and connected again
 * after a drop. A lost object, as after a deployment, is back with the next order.
 *
 * The pulls alone move the cursor, and they go on. So a drop leaves no gap: whatever this connection missed, a pull asks for.
 * Cron makes the upstream due as soon as it is connected again (`schedule.ts`).
 */
import { firstCharacters, printable } from "../../nostr/characters.ts";
import { RecentIds } from "../../relay/live/recent-ids.ts";
import { disconnected, type LiveHealth, NEW_LIVE_HEALTH } from "../../store/upstreams/live-health.ts";
import { keyOfFilter, type UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import type { Sign } from "../conversation/authenticate.ts";
import { ofUpstream } from "../conversation/upstream-span.ts";
import { LiveConnection } from "./connection.ts";
import type { LiveIntake, LiveIntakeDeps } from "./intake.ts";
import type { UpstreamSocket } from "../conversation/line.ts";

/** What Cron orders. It has a version, because it may reach another deployment. */
export interface LiveOrder {
  version: 1;
  url: string;
  filters: UpstreamFilter[];
  /** The health that is stored. An object that has just started continues it. */
  health: LiveHealth;
}

/** What outlives the object while it waits for its next attempt: an object without a connection is evicted after seconds. */
export interface LiveWait {
  version: 1;
  order: LiveOrder;
  /** Unix seconds. */
  orderedUntil: number;
  connectAt: number;
  failures: number;
  health: LiveHealth;
}

export interface LiveUpstreamDeps {
  /** Returns what was kept last, if anything. */
  kept(): LiveWait | undefined;
  keep(wait: LiveWait): void;
  connect(url: string): Promise<UpstreamSocket>;
  /** Called once: where the events go. */
  createIntake(options: Pick<LiveIntakeDeps, "url" | "lost" | "refused">): LiveIntake;
  /** Returns what answers the challenges of this upstream (NIP-42). Undefined: there is no key. */
  signerFor(url: string): Sign | undefined;
  /** Arranges that `goOn` is called at this time, in Unix seconds, or before. */
  wakeAt(time: number): void;
  /** Keeps background work alive. The work never rejects. */
  background(work: Promise<void>): void;
  /** Unix seconds. */
  now(): number;
  /** From 0 to 1. */
  random(): number;
  metrics: Metrics;
  tracer: Tracer;
}

/** An order is good for this many seconds. Cron renews it each minute. */
export const ORDER_SECONDS = 130;
const LONGEST_BACKOFF = 300;
/** A connection that lasted this long was a success: the next one begins without backoff. */
const SUCCESS_SECONDS = 300;
const LONGEST_REASON = 300;
/** Number of event ids that are remembered: about 1 MB. */
const RECENT = 10_000;

export class LiveUpstream {
  private readonly deps: LiveUpstreamDeps;
  private readonly recent = new RecentIds(RECENT);
  private intake: LiveIntake | undefined;
  private order: LiveOrder | undefined;
  private orderedUntil = 0;
  private health = NEW_LIVE_HEALTH;
  private connection: LiveConnection | undefined;
  /** Identifies the current attempt to connect. Undefined: none is running. */
  private attempt: object | undefined;
  /** Number of drops since the last connection that lasted. */
  private failures = 0;
  private connectAt = 0;

  constructor(deps: LiveUpstreamDeps) {
    this.deps = deps;
    const kept = deps.kept();
    if (kept?.version !== 1) return;
    this.order = kept.order;
    this.orderedUntil = kept.orderedUntil;
    this.connectAt = kept.connectAt;
    this.failures = kept.failures;
    this.health = kept.health;
  }

  /** Takes an order: connects, or looks after the connection. Returns the health. */
  follow(order: LiveOrder): LiveHealth {
    // What was kept is the last drop. What Cron has stored may be later.
    const isLater = order.health.drops >= this.health.drops;
    if (!this.connection && isLater) this.health = disconnected(order.health);
    const isChanged = this.order !== undefined && keysOf(this.order) !== keysOf(order);
    this.order = order;
    this.orderedUntil = this.deps.now() + ORDER_SECONDS;
    if (isChanged) this.leave("the filters have changed");
    else this.connection?.check();
    this.goOn();
    return this.health;
  }

  /** Connects again after a drop, or closes the connection that nobody orders any more. */
  goOn(): void {
    const now = this.deps.now();
    if (!this.order || now >= this.orderedUntil) return this.leave("nobody orders it any more");
    const isWaiting = !this.connection && !this.attempt;
    if (isWaiting && now >= this.connectAt) this.deps.background(this.connect(this.order));
    const isLater = isWaiting && now < this.connectAt;
    this.deps.wakeAt(isLater ? Math.min(this.connectAt, this.orderedUntil) : this.orderedUntil);
  }

  /** Ends the connection: the process stops. */
  stop(): void {
    this.order = undefined;
    this.leave("the relay stops");
  }

  /** Ends the connection on purpose. */
  private leave(reason: string): void {
    const { connection } = this;
    this.connection = undefined;
    this.attempt = undefined;
    this.health = disconnected(this.health);
    connection?.end(reason);
  }

  private async connect(order: LiveOrder): Promise<void> {
    const attempt = {};
    this.attempt = attempt;
    try {
      const { tracer, connect } = this.deps;
      const socket = await tracer.span("connect", ofUpstream(order.url), () => connect(order.url));
      if (this.attempt === attempt) this.open(socket, order);
      else socket.close();
    } catch (error) {
      if (this.attempt === attempt) this.dropped(error instanceof Error ? error.message : String(error));
    }
  }

  private open(socket: UpstreamSocket, { url, filters }: LiveOrder): void {
    const { deps } = this;
    this.attempt = undefined;
    this.health = { ...this.health, connectedSince: deps.now() };
    this.intake ??= deps.createIntake({
      url,
      lost: (reason) => this.connection?.end(reason),
      refused: () => this.connection?.refused(),
    });
    const { intake } = this;
    const connection: LiveConnection = new LiveConnection(socket, {
      filters,
      recent: this.recent,
      take: (event, characters) => {
        this.count();
        intake.take(event, characters);
      },
      pass: (event) => {
        this.count();
        deps.background(intake.pass(event));
      },
      ended: (reason) => this.ended(connection, reason),
      wasted: () => (this.health = { ...this.health, waste: this.health.waste + 1 }),
      sign: deps.signerFor(url),
      now: () => deps.now(),
      metrics: deps.metrics,
      tracer: deps.tracer,
    });
    this.connection = connection;
    connection.begin();
  }

  private count(): void {
    this.health = { ...this.health, events: this.health.events + 1, lastEvent: this.deps.now() };
  }

  /** A connection that was left on purpose is not the current one any more. */
  private ended(connection: LiveConnection, reason: string): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.dropped(reason);
  }

  private dropped(reason: string): void {
    const { now, random } = this.deps;
    const at = now();
    const { connectedSince = at, drops } = this.health;
    this.attempt = undefined;
    this.failures = at - connectedSince >= SUCCESS_SECONDS ? 1 : this.failures + 1;
    this.health = {
      ...disconnected(this.health),
      drops: drops + 1,
      lastDrop: { at, reason: printable(firstCharacters(reason, LONGEST_REASON)) },
    };
    const backoff = Math.min(LONGEST_BACKOFF, 2 ** Math.min(this.failures, 20));
    this.connectAt = at + backoff * (0.5 + random() / 2);
    if (this.order) {
      const { order, orderedUntil, connectAt, failures, health } = this;
      this.deps.keep({ version: 1, order, orderedUntil, connectAt, failures, health });
    }
    this.goOn();
  }
}

function keysOf({ filters }: LiveOrder): string {
  return filters.map(keyOfFilter).join();
}
