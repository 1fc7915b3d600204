/** How long to wait before the next attempt to connect. */

const FIRST_MILLISECONDS = 1000;
const LONGEST_MILLISECONDS = 60_000;

/**
 * Returns milliseconds: twice as long after each failure. `chance`, from 0 to 1, spreads them, so that the pages of a relay
 * that was away do not all come back in the same second.
 */
export function backoff(failures: number, chance: number): number {
  const most = Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** Math.max(0, failures - 1));
  return Math.round(most * (0.5 + chance / 2));
}
