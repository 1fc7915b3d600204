/** The state of an upstream in words, and how much of it is here. */
import type { FilterStatus, UpstreamStatus } from "../management/answers.ts";

type State = UpstreamStatus["state"];

export const STATES: Record<State, { label: string; tone: "good" | "bad" | "warning" | "quiet" }> = {
  ok: { label: "ok", tone: "good" },
  failing: { label: "failing", tone: "bad" },
  new: { label: "not pulled yet", tone: "warning" },
  paused: { label: "paused", tone: "quiet" },
  out: { label: "published to", tone: "good" },
  unlisted: { label: "not in UPSTREAMS any more", tone: "quiet" },
  unknown: { label: "settings of a later version", tone: "warning" },
};

/** Returns the share of what the upstream holds that is here, of all filters together; undefined if it is not known of each. */
export function coverageOfAll(filters: readonly FilterStatus[]): string | undefined {
  const known = filters.flatMap(({ coverage }) => (coverage ? [coverage] : []));
  if (known.length === 0 || known.length < filters.length) return undefined;
  const sum = (of: "held" | "here") => known.reduce((total, share) => total + share[of], 0);
  return percentOf({ held: sum("held"), here: sum("here") });
}

/** Rounds down: 100 % is only said of all. */
export function percentOf({ held, here }: { held: number; here: number }): string {
  return held === 0 ? "100 %" : `${Math.floor((1000 * here) / held) / 10} %`;
}
