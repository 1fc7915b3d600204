/** How the requests of one process or isolate wait for each other in a fair queue. */
import type { FairQueueDeps } from "../relay/limits/fair-queue.ts";

/** A request waits no longer than this, for its turn or for its pace. */
export const LONGEST_SECONDS = 30;

export interface RequestClock {
  /** Unix seconds. */
  now(): number;
  /** Rejects when it is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export function ofRequests({ now, wait }: RequestClock): Pick<FairQueueDeps, "breathe" | "requests"> {
  return { breathe: () => wait(1), requests: { seconds: LONGEST_SECONDS, now, wait } };
}
