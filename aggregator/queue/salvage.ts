/**
 * Finds the events that make ingest throw, so that they hold up no others. Events that are committed together fail together,
 * so they are tried again in smaller and smaller groups.
 */
import type { Outcome } from "../../relay/ingest/ingest.ts";
import { ReadOnlyError } from "../../store/database/database.ts";
import { isTransient } from "../../store/database/retrying-database.ts";

/** How one event fared. */
export type Trial = { outcome: Outcome } | { error: unknown };

/** Groups that are tried for one batch of the queue. What is left comes again. Finds one of 3,000 events with 24 groups. */
const MOST_GROUPS = 64;

/** Tries events together. Never rejects. */
export function tryTogether<T>(events: readonly T[], ingest: (one: T) => Promise<Outcome>): Promise<Trial[]> {
  return Promise.all(
    events.map((event) =>
      ingest(event).then(
        (outcome) => ({ outcome }),
        (error: unknown) => ({ error }),
      ),
    ),
  );
}

/** Returns whether it is the database that fails, and no event is to blame. */
export function isAway(error: unknown): boolean {
  return isTransient(error) || error instanceof ReadOnlyError;
}

/**
 * Tries events again that have thrown. Returns how they fared: those that threw alone are to blame. Those that were not tried
 * alone are missing.
 */
export async function salvage<T>(
  events: readonly T[],
  ingest: (one: T) => Promise<Outcome>,
): Promise<Map<T, Trial>> {
  const trials = new Map<T, Trial>();
  /** Groups that have not been tried yet. */
  const groups = halvesOf(events);
  for (let left = MOST_GROUPS; left > 0; left -= 1) {
    const group = groups.shift();
    if (!group) break;
    const tried = await tryTogether(group, ingest);
    const isDatabaseAway = tried.some((trial) => "error" in trial && isAway(trial.error));
    const failed: T[] = [];
    for (const [at, trial] of tried.entries()) {
      const event = group[at] as T;
      if ("error" in trial && (group.length > 1 || isDatabaseAway)) failed.push(event);
      else trials.set(event, trial);
    }
    if (isDatabaseAway) break;
    groups.push(...halvesOf(failed));
  }
  return trials;
}

function halvesOf<T>(events: readonly T[]): T[][] {
  const middle = Math.ceil(events.length / 2);
  return [events.slice(0, middle), events.slice(middle)].filter(({ length }) => length > 0);
}
