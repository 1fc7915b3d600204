/** Which events a deletion request or a request to vanish deletes (NIP-09, NIP-62). */
import { type Event, isHex64, versionKey } from "./event.ts";
import { DELETION, VANISH } from "./kinds.ts";

/** One deletion. It applies only to events of the author of the request. */
export type Deletion =
  /** One event. Its author may delete it; the recipients of a gift wrap may delete it too (NIP-59). */
  | { kind: "event"; id: string }
  /** All versions of a replaceable or addressable event, created up to `until` (Unix seconds, inclusive). */
  | { kind: "versions"; of: number; d: string; until: number }
  /** All events created up to `until` (Unix seconds, inclusive). */
  | { kind: "everything"; until: number };

/** Returns the deletions that an event asks for; none for other kinds. Skips addresses of other authors. */
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

/**
 * Parses `kind:pubkey:d` of a replaceable or addressable event (NIP-01). `d` may contain colons; it is empty for
 * replaceable kinds.
 */
function parseAddress(text: string): { kind: number; pubkey: string; d: string } | undefined {
  const [, digits = "", pubkey = "", d = ""] = /^(\d{1,5}):([0-9a-f]{64})(?::([\s\S]*))?$/.exec(text) ?? [];
  const kind = Number(digits);
  const key = pubkey === "" ? undefined : versionKey({ kind, tags: [["d", d]] });
  return key === undefined ? undefined : { kind, pubkey, d: key };
}

/**
 * Returns whether a request to vanish is for a relay with these addresses. Compares normalised addresses without the
 * scheme: a relay behind a proxy is `wss:` for its clients and `ws:` for itself.
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
