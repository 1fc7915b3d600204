/** Who may see an event: the one rule for every way of reading (NIP-04, NIP-17, NIP-37, NIP-59). */
import type { Event } from "./event.ts";
import type { Filter } from "./filter.ts";
import { DIRECT_MESSAGE, DRAFT, EPHEMERAL_GIFT_WRAP, GIFT_WRAP, PRIVATE_RELAYS } from "./kinds.ts";

/**
 * Kinds that their author may see: direct messages, lists of private relays, drafts. Gift wraps are signed with a
 * throw-away key.
 */
export const AUTHOR_KINDS: readonly number[] = [DIRECT_MESSAGE, PRIVATE_RELAYS, DRAFT];

/** Kinds that the keys in their `p` tags may see: direct messages and gift wraps. */
export const RECIPIENT_KINDS: readonly number[] = [DIRECT_MESSAGE, GIFT_WRAP, EPHEMERAL_GIFT_WRAP];

/** Kinds that nobody else may see. The author and the recipients must authenticate first (NIP-42). */
export const PRIVATE_KINDS: readonly number[] = [...new Set([...AUTHOR_KINDS, ...RECIPIENT_KINDS])];

/** Returns the keys that may see an event; undefined: everybody may. store/walks/plan.ts has the same rule in SQL. */
export function readersOf({ kind, pubkey, tags }: Event): ReadonlySet<string> | undefined {
  if (!PRIVATE_KINDS.includes(kind)) return undefined;
  const readers = new Set(AUTHOR_KINDS.includes(kind) ? [pubkey] : []);
  if (!RECIPIENT_KINDS.includes(kind)) return readers;
  for (const [name, value] of tags) if (name === "p" && value !== undefined) readers.add(value);
  return readers;
}

/**
 * Returns whether a client may see an event. `keys` are its authenticated keys, `readers` is the result of
 * `readersOf`.
 */
export function mayRead(keys: ReadonlySet<string>, readers: ReadonlySet<string> | undefined): boolean {
  if (!readers) return true;
  for (const key of keys) if (readers.has(key)) return true;
  return false;
}

/** Returns whether a filter asks for at least one private kind. */
export function namesPrivateKind({ kinds }: Filter): boolean {
  return kinds !== undefined && kinds.some((kind) => PRIVATE_KINDS.includes(kind));
}

/**
 * Returns whether a filter asks only for private kinds. A client without a key should then get an error, not an empty
 * answer.
 */
export function needsKeys({ kinds }: Filter): boolean {
  return kinds !== undefined && kinds.length > 0 && kinds.every((kind) => PRIVATE_KINDS.includes(kind));
}
