/** Work on the database in bounded steps. Between two steps the caller decides who is served next. */
/** The cost of one step. */
export interface StepCost {
  /** Number of rows that were looked at, at least: index entries, and every row that D1 bills. */
  looked: number;
  /**
   * What the client is charged, in entries. It does not depend on events that the client may not see. The rows that D1
   * bills do.
   */
  charge: number;
  /** Bytes of events that the database returned as JSON. */
  bytes?: number;
  /** Whether the result probably needs no further step. */
  isLast?: boolean;
  /** Cost of the next step, if that is known. */
  next?: StepCost;
}

/** Bytes of returned events that take as long as looking at one entry. */
export const BYTES_FOR_ENTRY = 250;

/** Returns what a step counts as in the order of clients, in entries: what it is charged, and the bytes that it returned. */
export function weightOf({ charge, bytes = 0 }: StepCost): number {
  return charge + Math.ceil(bytes / BYTES_FOR_ENTRY);
}

/**
 * Yields after each step. `next(left)` says how many rows the rest may look at; undefined: any number. `next(0)` ends the work
 * with what it has found so far.
 */
export type Work<T> = AsyncGenerator<StepCost, T, number | undefined>;

/** About how many entries one step looks at. 4,000 take a few milliseconds in D1. */
export const STEP_ENTRIES = 4000;

/** Rows that D1 reads for one entry, at most: two look-ups in the index of its stretch, its place in the queue, and its event. */
export const ROWS_FOR_ENTRY = 4;

/**
 * A step counts as at least this many entries, for the round trip to the database. From the second step on it is
 * charged as at least as many.
 */
export const LEAST_OF_STEP = 100;

/** Returns the cost of steps that run side by side. */
export function sumOf(costs: StepCost[]): StepCost {
  const next = costs.flatMap((cost) => cost.next ?? []);
  return {
    looked: costs.reduce((sum, { looked }) => sum + looked, 0),
    charge: costs.reduce((sum, { charge }) => sum + charge, 0),
    bytes: costs.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    isLast: costs.every(({ isLast }) => isLast === true),
    ...(next.length > 0 && next.length === costs.length && { next: sumOf(next) }),
  };
}

/** Runs all steps without a pause. Returns the result and the total cost. */
export async function finish<T>(work: Work<T>): Promise<{ result: T; cost: StepCost }> {
  const cost: StepCost = { looked: 0, charge: 0 };
  for (;;) {
    const step = await work.next();
    if (step.done) return { result: step.value, cost };
    cost.looked += step.value.looked;
    cost.charge += step.value.charge;
  }
}
