/**
 * Bounds how often a job calls the database, the queue and others. Cloudflare lets an invocation make 1,000 subrequests, and the last
 * ones must save the cursor.
 */
import { Stop } from "./inquiry.ts";

/** The other 100 are for the connection, the lease, the cursor, telemetry, and statements that are tried again. */
export const MOST_CALLS = 900;
/** An event that is ingested at once is looked up, checked, stored, published, and remembered or kept as a dead letter. */
export const CALLS_OF_LARGE_EVENT = 10;

/** What bounds a function: each time it takes `calls` calls. */
export type BoundCalls = <Given extends unknown[], Result>(
  work: (...given: Given) => Promise<Result>,
  calls?: number,
) => (...given: Given) => Promise<Result>;

/** Returns what bounds the functions of one job, together. Beyond the bound they throw a Stop: the next job goes on. */
export function callBound(): BoundCalls {
  let used = 0;
  return (work, calls = 1) =>
    async (...given) => {
      if (used + calls > MOST_CALLS) throw new Stop(undefined, { isFinal: true });
      used += calls;
      return work(...given);
    };
}
