/** Charges clients for their work, and refuses clients that have used up their allowance. */
import type { Refusal } from "../../nostr/message.ts";
import type { Metrics, Source } from "../../telemetry/metrics.ts";
import { bucketsOf, type Client } from "./client.ts";
import { RETRY_COST } from "./cost.ts";
import { type Debt, TokenBuckets } from "./token-buckets.ts";

const MOST_DEBTS_KEPT = 1000;
/** Seconds between two saves of debts: while some are deep, and while a client is refused. */
const KEEP_PAUSE = { deep: 10, refused: 1 };

export interface TooMuch extends Refusal {
  /** Seconds until this client is served again. */
  seconds: number;
}

interface RateLimiterDeps {
  config: { RATE_LIMIT: number | "off"; POLICY_DRY_RUN: "on" | "off" };
  /** Absent: clients always have all of RATE_LIMIT. */
  spendLimit?: { readonly share: number };
  /** Unix seconds. */
  now(): number;
  /** Saves debts beyond the memory of this process. Absent: they are lost with it. */
  memory?: { debts(): Debt[]; keepDebts(debts: Debt[]): void };
  metrics: Metrics;
  /** The source of its clients, for the metrics. */
  source: Source;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

export class RateLimiter {
  private readonly deps: RateLimiterDeps;
  /** Undefined if RATE_LIMIT is off. */
  private readonly ownBuckets: TokenBuckets | undefined;
  private keptAt = -Infinity;

  constructor(deps: RateLimiterDeps) {
    this.deps = deps;
    const { RATE_LIMIT } = deps.config;
    this.ownBuckets = RATE_LIMIT === "off" ? undefined : new TokenBuckets(RATE_LIMIT, deps.memory?.debts());
  }

  /** The buckets, with the size that they have now. */
  private get buckets(): TokenBuckets | undefined {
    const { config, spendLimit } = this.deps;
    if (this.ownBuckets && config.RATE_LIMIT !== "off")
      this.ownBuckets.perMinute = config.RATE_LIMIT * (spendLimit?.share ?? 1);
    return this.ownBuckets;
  }

  /** Returns the whole seconds until this client is served again; 0: now. */
  private wait(client: Client): number {
    if (!this.buckets || this.deps.config.POLICY_DRY_RUN === "on") return 0;
    const [buckets, now] = [bucketsOf(client), this.deps.now()];
    if (this.buckets.wait(buckets, now) === 0) return 0;
    this.keepDebts(KEEP_PAUSE.refused);
    return Math.ceil(this.buckets.wait(buckets, now, RETRY_COST));
  }

  /** Returns why a client must wait; undefined if it need not. */
  refusal(client: Client): TooMuch | undefined {
    const seconds = this.wait(client);
    if (seconds === 0) return undefined;
    const reason = `too many requests; retry in ${seconds} s`;
    return { prefix: "rate-limited", reason, seconds };
  }

  /**
   * Returns how many requests that find nothing a client may make in a minute, how many are left, and the seconds until there is one
   * more, if none is. Undefined for clients that are not limited.
   */
  allowance(client: Client): { perMinute: number; left: number; seconds: number } | undefined {
    const buckets = bucketsOf(client);
    if (!this.buckets || buckets.size === 0 || this.deps.config.POLICY_DRY_RUN === "on") return undefined;
    const { perMinute } = this.buckets;
    const now = this.deps.now();
    const requests = (cost: number) => Math.max(0, Math.floor(cost / RETRY_COST));
    return {
      perMinute: requests(perMinute),
      left: requests(perMinute - this.buckets.spent(buckets, now)),
      seconds: Math.ceil(this.buckets.wait(buckets, now, RETRY_COST)),
    };
  }

  /** Like `refusal`, for a client that is then refused: counts it. */
  limit(client: Client, source = this.deps.source): TooMuch | undefined {
    const refusal = this.refusal(client);
    if (refusal) this.deps.metrics.add("clients_limited_total", { source });
    return refusal;
  }

  /** Charges a client. A negative cost returns an overcharge. */
  charge(client: Client, cost: number): void {
    const buckets = bucketsOf(client);
    if (!this.buckets || buckets.size === 0) return;
    const now = this.deps.now();
    const before = this.buckets.spent(buckets, now);
    this.buckets.charge(buckets, cost, now);
    const spent = this.buckets.spent(buckets, now);
    if (spent > this.buckets.perMinute / 2) this.keepDebts(KEEP_PAUSE.deep);
    if (
      this.deps.config.POLICY_DRY_RUN === "on" &&
      before <= this.buckets.perMinute &&
      spent > this.buckets.perMinute
    )
      this.wouldRefuse(Math.ceil(this.buckets.wait(buckets, now)));
  }

  /** Called in a dry run, once each time that a client would have had to wait. */
  private wouldRefuse(seconds: number): void {
    const { metrics, source, report } = this.deps;
    metrics.add("clients_would_refuse_total", { source });
    report(`dry run: RATE_LIMIT would have made a client wait ${seconds} s`);
  }

  private keepDebts(pause: number): void {
    const now = this.deps.now();
    const { memory } = this.deps;
    if (!this.buckets || !memory || now - this.keptAt < pause) return;
    this.keptAt = now;
    memory.keepDebts(this.buckets.debts(now, MOST_DEBTS_KEPT));
  }
}
