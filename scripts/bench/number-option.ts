import { UsageError } from "../shared/usage.ts";

/** Returns the value of an option that is a number from 1. */
export function numberOf(given: string, name: string): number {
  if (/^\d{1,8}$/.test(given) && Number(given) > 0) return Number(given);
  throw new UsageError(`--${name} is ${JSON.stringify(given)}, expected a number from 1`);
}
