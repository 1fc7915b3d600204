/** What an event asks to be deleted (NIP-09, NIP-62). */
import { type Event, isHex64, versionKey } from "./event.ts";

export const DELETION = 5;
export const VANISH = 62;
export const GIFT_WRAP = 1059;

/** Of one author: nothing else of what is named here is touched. */
export type Deletion =
  /** One event. Its author may delete it, and of a gift wrap also those it is for (NIP-59). */
  | { kind: "event"; id: string }
  /** All versions created up to then. */
  | { kind: "versions"; of: number; d: string; until: number }
  /** Everything created up to then. */
  | { kind: "everything"; until: number };

/** Empty for events that delete nothing. What is not the author's own is left out. */
export function deletionsOf(event: Pick<Event, "kind" | "pubkey" | "tags" | "created_at">): Deletion[] {
  if (event.kind === VANISH) return [{ kind: "everything", until: event.created_at }];
  if (event.kind !== DELETION) return [];
  return event.tags.flatMap(([name, value]): Deletion[] => {
    if (name === "e" && isHex64(value)) return [{ kind: "event", id: value }];
    const address = name === "a" ? parseAddress(value ?? "") : undefined;
    if (address?.pubkey !== event.pubkey) return [];
    return [{ kind: "versions", of: address.kind, d: address.d, until: event.created_at }];
  });
}

/** `kind:pubkey:d` of something that has versions (NIP-01); d may hold colons, and is empty for replaceable kinds. */
export function parseAddress(text: string): { kind: number; pubkey: string; d: string } | undefined {
  const [, digits = "", pubkey = "", d = ""] = /^(\d{1,5}):([0-9a-f]{64})(?::([\s\S]*))?$/.exec(text) ?? [];
  const kind = Number(digits);
  const key = pubkey === "" ? undefined : versionKey({ kind, tags: [["d", d]] });
  return key === undefined ? undefined : { kind, pubkey, d: key };
}

/**
 * Does this request to vanish concern a relay at these addresses? They and the tags are compared normalised, and
 * without the scheme: a relay behind a proxy is `wss:` to its clients and `ws:` to itself.
 */
export function asksToVanishFrom(
  event: Pick<Event, "tags">,
  addresses: readonly string[],
  normalize: (url: string) => string | undefined,
): boolean {
  const placeOf = (url: string) => normalize(url)?.replace(/^wss?:/, "");
  const own = addresses.map(placeOf);
  return event.tags.some(([name, value = ""]) => {
    const place = placeOf(value);
    return name === "relay" && (value === "ALL_RELAYS" || (place !== undefined && own.includes(place)));
  });
}
