/** What anybody may know about the relay. It is kept for a moment, because a home page asks often. */
import type { Store } from "../store/store.ts";
import { finish } from "../store/work.ts";
import type { PublicFigures } from "../telemetry/stats-answer.ts";

/** Each isolate asks the counters this often at most. */
const FIGURES_SECONDS = 10;
/** Counting reads up to 80,000 rows. */
const STORED_SECONDS = 300;

type Counted = Omit<PublicFigures, "stored">;

interface Asking {
  store: Pick<Store, "count">;
  /** Asks the counters. */
  counted(): Promise<Counted>;
  now: number;
}

/** Created once for each isolate. It keeps values, not promises: on Workers a request must not wait for the work of another. */
export class RecentFigures {
  private figures: { value: Counted; at: number } | undefined;
  private stored: { value: number; at: number } | undefined;

  async read({ store, counted, now }: Asking): Promise<PublicFigures> {
    const [figures, stored] = await Promise.all([
      recent(this.figures, FIGURES_SECONDS, now) ?? counted(),
      recent(this.stored, STORED_SECONDS, now) ?? countPublic(store, now),
    ]);
    if (!recent(this.figures, FIGURES_SECONDS, now)) this.figures = { value: figures, at: now };
    if (recent(this.stored, STORED_SECONDS, now) === undefined) this.stored = { value: stored, at: now };
    return { ...figures, stored };
  }
}

function recent<T>(kept: { value: T; at: number } | undefined, seconds: number, now: number): T | undefined {
  return kept && now - kept.at < seconds ? kept.value : undefined;
}

/** Returns how many events a stranger could read. */
async function countPublic(store: Pick<Store, "count">, now: number): Promise<number> {
  const { result } = await finish(store.count([{ filter: { tags: [] }, view: { keys: [], now } }]));
  return result.count;
}
