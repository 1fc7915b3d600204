/**
 * What clients pay for what they ask, and what they are told when they have spent too much. A unit of cost is about
 * the work of reading one row in D1 (1.5 µs where that was measured).
 */
import type { Event } from "../nostr/event.ts";
import type { Config } from "./config.ts";
import { type Payer, payersOf } from "./payer.ts";
import type { Refusal } from "./policy.ts";
import { type Debt, RateLimit } from "./rate-limit.ts";

/** Opening a connection: a challenge, and a place in the hub. */
export const CONNECTION_COST = 50;
/** Checking a signature takes 0.42 ms in workerd. */
export const SIGNATURE_COST = 250;
const ROW_WRITTEN_COST = 25;
/** Rows that an event takes apart from its tags. */
const EVENT_ROWS = 5;
/** A REQ takes 0.2 ms of the hub, whether anything is found or not. */
export const QUERY_COST = 100;
/** A message into a hub, and its answer: 75 µs. */
const FRAME_COST = 50;
/** Reading it: about 6 µs for 1 KiB. */
const KIBIBYTE_READ_COST = 4;
/** Asking again costs this before it is looked at: it must be there by then. */
const RETRY_COST = FRAME_COST + QUERY_COST;
/** Sending an event takes 10 µs and more. */
const EVENT_SENT_COST = 5;
/** What is sent is held in memory until the client takes it. */
const BYTES_SENT_FOR_ONE = 256;
/** Fingerprints of so many records (NIP-77). */
const RECORDS_FOR_ONE = 50;

const MOST_DEBTS_KEPT = 1000;
/** Seconds between two times that debts are kept: while some are deep, and while somebody is refused. */
const KEEP_PAUSE = { deep: 10, refused: 1 };

export interface TooMuch extends Refusal {
  /** Until this client is served again. */
  seconds: number;
}

export interface TollDeps {
  config: Pick<Config, "RATE_LIMIT" | "POLICY_DRY_RUN">;
  /** Unix seconds. */
  now(): number;
  /** Where debts outlive the memory of this process. */
  memory: { debts(): Debt[]; keepDebts(debts: Debt[]): void };
  /** In a dry run: somebody would have had to wait from here on. Called once each time that this happens. */
  spared(seconds: number): void;
}

export class Toll {
  private readonly deps: TollDeps;
  /** Undefined when nothing is limited. */
  private readonly limit: RateLimit | undefined;
  private keptAt = -Infinity;

  constructor(deps: TollDeps) {
    this.deps = deps;
    const { RATE_LIMIT } = deps.config;
    this.limit = RATE_LIMIT === "off" ? undefined : new RateLimit(RATE_LIMIT, deps.memory.debts());
  }

  /** Whole seconds until this client is served again; 0: it is. */
  private wait(payer: Payer): number {
    if (!this.limit || this.deps.config.POLICY_DRY_RUN === "on") return 0;
    const [payers, now] = [payersOf(payer), this.deps.now()];
    if (this.limit.wait(payers, now) === 0) return 0;
    this.keepDebts(KEEP_PAUSE.refused);
    return Math.ceil(this.limit.wait(payers, now, RETRY_COST));
  }

  refusal(payer: Payer): TooMuch | undefined {
    const seconds = this.wait(payer);
    if (seconds === 0) return undefined;
    const reason = `too much was asked in too short a time, try again in ${seconds} s`;
    return { prefix: "rate-limited", reason, seconds };
  }

  /** A negative cost gives back what was paid too much. */
  pay(payer: Payer, cost: number): void {
    const payers = payersOf(payer);
    if (!this.limit || payers.size === 0) return;
    const now = this.deps.now();
    const before = this.limit.spent(payers, now);
    this.limit.charge(payers, cost, now);
    const spent = this.limit.spent(payers, now);
    if (spent > this.limit.perMinute / 2) this.keepDebts(KEEP_PAUSE.deep);
    if (
      this.deps.config.POLICY_DRY_RUN === "on" &&
      before <= this.limit.perMinute &&
      spent > this.limit.perMinute
    )
      this.deps.spared(Math.ceil(this.limit.wait(payers, now)));
  }

  private keepDebts(pause: number): void {
    const now = this.deps.now();
    if (!this.limit || now - this.keptAt < pause) return;
    this.keptAt = now;
    this.deps.memory.keepDebts(this.limit.debts(now, MOST_DEBTS_KEPT));
  }
}

export function frameCost(frame: string | ArrayBuffer): number {
  const size = typeof frame === "string" ? frame.length : frame.byteLength;
  return FRAME_COST + Math.floor((size * KIBIBYTE_READ_COST) / 1024);
}

/** D1 tells the rows written for a whole commit; what one event takes is its tags and a little more. */
export function storingCost({ tags }: Pick<Event, "tags">): number {
  return ROW_WRITTEN_COST * (EVENT_ROWS + tags.length);
}

/** Known before: every row may be found that was asked for. */
export function expectedCost(limits: readonly number[]): number {
  return limits.reduce((sum, limit) => sum + limit, 0);
}

/** Not every database tells how many rows it read; it read at least what it found. */
export function answerCost(queries: number, rowsRead: number, events: readonly { json: string }[]): number {
  const sent = events.reduce((sum, event) => sum + sendingCost(event), 0);
  return QUERY_COST * queries + Math.max(rowsRead, events.length) + sent;
}

export function sendingCost({ json }: { json: string }): number {
  return EVENT_SENT_COST + Math.floor(json.length / BYTES_SENT_FOR_ONE);
}

/** One round of a reconciliation over so many records. */
export function comparisonCost(records: number): number {
  return Math.ceil(records / RECORDS_FOR_ONE);
}
