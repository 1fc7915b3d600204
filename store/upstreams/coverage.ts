/** How much of what an upstream holds is here, as a figure. */
import { countedFrom, DAY, type Sample, type Share } from "../database/slices.ts";
import type { FilterCursor } from "./upstream-cursor.ts";

export interface Coverage extends Share {
  /**
   * How it is known. nip77: all events were compared. sample: of each day some events were looked at, and `held` and `here`
   * count these. count: `held` is what the upstream has counted (NIP-45), and `here` the same share of it as of the sample.
   */
  method: "nip77" | "count" | "sample";
  /** When it was last found out (Unix seconds); null if the first comparison has not come to its end. */
  at: number | null;
  /** The last days (UTC) of which the upstream holds events, newest first. `since` is their start, in Unix seconds. */
  days: (Share & { since: number })[];
}

/** Returns what is known about one filter of an upstream. Undefined: nothing yet. `now` is in Unix seconds. */
export function coverageOf({ slices, samples = [] }: FilterCursor, now: number): Coverage | undefined {
  const recent = samples.filter(({ since }) => since >= countedFrom(now));
  const isOutdated = slices?.refused !== undefined && recent.length > 0;
  if (slices && slices.slices.length > 0 && !isOutdated)
    return { method: "nip77", at: slices.at ?? null, ...sharesOf(slices.slices, now) };
  if (recent.length === 0) return undefined;
  const at = Math.max(...recent.map((sample) => sample.at));
  const isCounted = recent.every(({ counted }) => counted !== undefined);
  if (!isCounted) return { method: "sample", at, ...sharesOf(recent, now) };
  return { method: "count", at, ...sharesOf(recent.map(extrapolated), now) };
}

/** Of a day without a sample nothing is known: it does not count. */
function extrapolated({ since, held, here, counted = 0 }: Sample): Share & { since: number } {
  return held === 0
    ? { since, held: 0, here: 0 }
    : { since, held: counted, here: Math.floor((counted * here) / held) };
}

function sharesOf(parts: (Share & { since: number })[], now: number): Share & Pick<Coverage, "days"> {
  const days = new Map<number, Share>();
  const total = { held: 0, here: 0 };
  for (const { since, held, here } of parts.toReversed()) {
    total.held += held;
    total.here += here;
    if (since < countedFrom(now) || held === 0) continue;
    const start = since - (since % DAY);
    const day = days.get(start) ?? { held: 0, here: 0 };
    days.set(start, { held: day.held + held, here: day.here + here });
  }
  const newestFirst = [...days].sort(([a], [b]) => b - a);
  return { ...total, days: newestFirst.map(([since, share]) => ({ since, ...share })) };
}
