/** What SPEND_LIMIT means here: whether upstreams are pulled, how much clients may do, and whom the relay still serves. */
import { type ReportAnswer, SPENDING_LEVELS, type SpendingLevel } from "../../telemetry/spending.ts";
import type { TooMuch } from "./rate-limiter.ts";

/** When the relay serves only admins, clients are told to come back after so many seconds. The limit may be raised at any time. */
export const SPENT_SECONDS = 3600;
/** The share of RATE_LIMIT that clients have while the relay slows down. */
export const SLOW_SHARE = 1 / 4;

const SPENT: TooMuch = {
  prefix: "rate-limited",
  reason: "the relay has spent what it may spend this month, and serves only its admins; try again later",
  seconds: SPENT_SECONDS,
};

/** The level that the counters last told. Before that, and without a limit, it is `free`. */
export class SpendLimit {
  private readonly admins: readonly string[];
  private level: SpendingLevel = "free";

  constructor({ RELAY_ADMINS }: { RELAY_ADMINS: readonly string[] }) {
    this.admins = RELAY_ADMINS;
  }

  /** Takes the answer to a report. That of another deployment may have no level, or one that is not known here. */
  hear(answer: ReportAnswer | undefined): void {
    this.level = SPENDING_LEVELS.find((level) => level === answer?.spending) ?? "free";
  }

  get mayPull(): boolean {
    return this.level === "free";
  }

  /** The share of RATE_LIMIT that clients have. */
  get share(): number {
    return this.level === "slow" || this.level === "stopped" ? SLOW_SHARE : 1;
  }

  /** Whether only admins are served. */
  get isStopped(): boolean {
    return this.level === "stopped";
  }

  /** Returns why a client with these keys is refused; undefined if it is not. */
  refusal(keys: Iterable<string>): TooMuch | undefined {
    if (!this.isStopped || [...keys].some((key) => this.admins.includes(key))) return undefined;
    return SPENT;
  }
}
