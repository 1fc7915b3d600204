/** Who may read what: the one rule behind every way of reading (NIP-04, NIP-17, NIP-40, NIP-59). */
import type { Event } from "./event.ts";
import { isExpired } from "./expiration.ts";
import type { Filter } from "./filter.ts";

/** Direct messages and gift wraps: shown only to those involved, once they have proven it (NIP-42). */
export const PRIVATE_KINDS: readonly number[] = [4, 1059, 21_059];

/** Of these the author is involved too; gift wraps are signed by keys that belong to nobody. */
export const OWN_KINDS: readonly number[] = [4];

/** `keys` are those that the reader has proven to hold; `now` is in Unix seconds. store/plan.ts says it in SQL. */
export function mayRead(keys: ReadonlySet<string>, event: Event, now: number): boolean {
  if (isExpired(event, now)) return false;
  if (!PRIVATE_KINDS.includes(event.kind)) return true;
  if (keys.size === 0) return false;
  if (OWN_KINDS.includes(event.kind) && keys.has(event.pubkey)) return true;
  return event.tags.some(([name, value]) => name === "p" && keys.has(value ?? ""));
}

/** True for a filter that asks for nothing but what strangers are not shown: they should be told so. */
export function needsKeys({ kinds }: Filter): boolean {
  return kinds !== undefined && kinds.length > 0 && kinds.every((kind) => PRIVATE_KINDS.includes(kind));
}
