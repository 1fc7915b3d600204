/** When an event expires (NIP-40). */
import type { Event } from "./event.ts";

/**
 * Returns the expiration in Unix seconds; undefined if the event never expires. The first valid `expiration` tag
 * counts.
 */
export function expiresAt({ tags }: Pick<Event, "tags">): number | undefined {
  const times = tags.filter(([name, value]) => name === "expiration" && /^\d{1,15}$/.test(value ?? ""));
  return times[0] && Number(times[0][1]);
}

export function isExpired(event: Pick<Event, "tags">, now: number): boolean {
  const at = expiresAt(event);
  return at !== undefined && at <= now;
}
