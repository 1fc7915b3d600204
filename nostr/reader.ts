/** Who may read what: the one rule behind every way of reading (NIP-04, NIP-17, NIP-37, NIP-59). */
import type { Event } from "./event.ts";
import type { Filter } from "./filter.ts";

/** Shown to their author: direct messages, lists of private relays, drafts. Gift wraps are signed by nobody's key. */
export const AUTHOR_KINDS: readonly number[] = [4, 10_013, 31_234];

/** Shown to those whom a `p` tag names: direct messages and gift wraps. */
export const RECIPIENT_KINDS: readonly number[] = [4, 1059, 21_059];

/** Shown to nobody else, and to those only once they have proven to be the ones (NIP-42). */
export const PRIVATE_KINDS: readonly number[] = [...new Set([...AUTHOR_KINDS, ...RECIPIENT_KINDS])];

/** `keys` are those that the reader has proven to hold. store/plan.ts says it in SQL. */
export function mayRead(keys: ReadonlySet<string>, event: Event): boolean {
  if (!PRIVATE_KINDS.includes(event.kind)) return true;
  if (keys.size === 0) return false;
  if (AUTHOR_KINDS.includes(event.kind) && keys.has(event.pubkey)) return true;
  return (
    RECIPIENT_KINDS.includes(event.kind) &&
    event.tags.some(([name, value]) => name === "p" && keys.has(value ?? ""))
  );
}

/** True for a filter that asks for nothing but what strangers are not shown: they should be told so. */
export function needsKeys({ kinds }: Filter): boolean {
  return kinds !== undefined && kinds.length > 0 && kinds.every((kind) => PRIVATE_KINDS.includes(kind));
}
