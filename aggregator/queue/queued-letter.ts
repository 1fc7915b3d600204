/** Dead letters as version 0.2 put them on the queue of dead letters. Now they are in the database. */
import type { DeadLetter } from "../../store/letters/letter-row.ts";

/** Reads such a message; undefined for anything else. */
export function readQueuedLetter(body: unknown): DeadLetter | undefined {
  if (typeof body !== "object" || body === null || !("event" in body)) return undefined;
  const { version, upstream, reason, event } = body as Record<string, unknown>;
  if (version !== 1 || typeof upstream !== "string" || typeof reason !== "string") return undefined;
  return { upstream, reason, event, attempts: 1 };
}
