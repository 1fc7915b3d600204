/** The --timeout option that the commands share. */
import { UsageError } from "../shared/usage.ts";

export const TIMEOUT_OPTION = { timeout: { type: "string" } } as const;

/** Returns the help text. `usual` is the command's default for an answer, in seconds. */
export function timeoutHelp(usual: string): string {
  return `  --timeout SECONDS  how long to wait: first for the connection (default 10), then for each answer (default ${usual})\n`;
}

/** Returns the timeout in milliseconds; undefined if it is not given. */
export function timeoutOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const seconds = /^\d{1,5}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  if (seconds === 0)
    throw new UsageError(`--timeout is ${JSON.stringify(given)}, expected seconds, such as 30`);
  return seconds * 1000;
}
