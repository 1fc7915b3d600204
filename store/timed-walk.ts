/** The common base of walks in the order of time. */
import { allOf, type Bind } from "./conditions.ts";
import { costOfTesting, type Driver, type Part, restOf } from "./plan.ts";
import type { FoundEvent } from "./store.ts";
import type { Room } from "./walk.ts";

export abstract class TimedWalk {
  readonly found: FoundEvent[] = [];
  isDone = false;
  readonly testing: number;
  protected readonly part: Part;
  protected readonly driver: Driver;
  protected readonly limit: number;

  constructor(part: Part, driver: Driver, limit: number) {
    this.part = part;
    this.driver = driver;
    this.limit = limit;
    this.testing = costOfTesting(part, driver);
  }

  /**
   * Returns the conditions that an entry `w` and its event `e` must still satisfy. An event that was stored after the first
   * step is not part of the answer, so it must not count towards the limit.
   */
  protected matching({ head }: Room, bind: Bind): string {
    const isInLog = head === undefined ? [] : [`w.seq <= ${bind(head)}`];
    return allOf([...isInLog, restOf(this.part, this.driver, bind)]);
  }

  protected get isAscending(): boolean {
    return this.part.order === "asc";
  }
}

/** Returns the time bounds of a part: those of its filter, narrowed by its cursor. */
export function boundedByCursor({ filter, after, order }: Part): { since?: number; until?: number } {
  const { since, until } = filter;
  const bounds = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
  if (!after) return bounds;
  return order === "asc"
    ? { ...bounds, since: Math.max(since ?? 0, after.created_at) }
    : { ...bounds, until: Math.min(until ?? Infinity, after.created_at) };
}
