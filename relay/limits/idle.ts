/** Idle connections: silent and without a subscription. They use memory and are closed. */

/** A connection without a subscription is closed after this many seconds of silence, without even a `ping`. */
export const IDLE_SECONDS = 600;
/** Seconds between two checks. A check wakes a sleeping hub. */
const LOOK_SECONDS = 300;

export interface Quiet {
  /** When the relay last read something from it, and when the platform last answered its `ping`, in Unix seconds. */
  heardAt: number;
  pingedAt: number | undefined;
}

export function isIdle(quiet: Quiet, now: number): boolean {
  return now - lastSignOf(quiet) >= IDLE_SECONDS;
}

/** Returns when to check these connections again, in Unix seconds; undefined if there are none. */
export function nextLook(quiet: Quiet[], now: number): number | undefined {
  if (quiet.length === 0) return undefined;
  const soonest = quiet.reduce((least, each) => Math.min(least, lastSignOf(each)), Infinity) + IDLE_SECONDS;
  return Math.max(soonest, now + LOOK_SECONDS);
}

function lastSignOf({ heardAt, pingedAt }: Quiet): number {
  return Math.max(heardAt, pingedAt ?? 0);
}
