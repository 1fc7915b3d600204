/** For how long events are kept, by the settings. */
import { parseRetention, type RetentionRule, secondsKept } from "../nostr/retention.ts";
import type { Config } from "./config.ts";

export interface Retention {
  /** For all events. */
  all: readonly RetentionRule[];
  /** For events that came from upstreams and were not published here. */
  pulled: readonly RetentionRule[];
}

export function retentionOf(config: Pick<Config, "RETENTION" | "UPSTREAM_RETENTION">): Retention {
  return {
    all: parseRetention(config.RETENTION) ?? [],
    pulled: parseRetention(config.UPSTREAM_RETENTION) ?? [],
  };
}

/** Returns whether an event of an upstream would be removed at once. `now` is in Unix seconds. */
export function isOutdated(
  { all, pulled }: Retention,
  event: { kind: number; created_at: number },
  now: number,
): boolean {
  const seconds = Math.min(secondsKept(all, event.kind), secondsKept(pulled, event.kind));
  return event.created_at < now - seconds;
}
