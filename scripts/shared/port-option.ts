/** The --port option of programs that listen. */
import { UsageError } from "./usage.ts";

export function readPort(given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (!(port >= 1 && port <= 65_535))
    throw new UsageError(`--port is ${given}, expected a number from 1 to 65535`);
  return port;
}
