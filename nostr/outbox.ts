/** Whom somebody follows (NIP-02), and where somebody writes (NIP-65). */
import { type Event, isHex64 } from "./event.ts";
import { normalizePublicUrl } from "./relay-url.ts";

/** NIP-65 asks for two to four relays of each sort. */
const MOST_WRITE_RELAYS = 10;

/** Returns the keys that a contact list (kind 3) names, each once. */
export function followsIn({ tags }: Pick<Event, "tags">): string[] {
  return [...new Set(tags.flatMap(([name, key]) => (name === "p" && isHex64(key) ? [key] : [])))];
}

/** Returns the public relays on which the author of a relay list (kind 10002) writes: at most the first ten. */
export function writeRelaysIn({ tags }: Pick<Event, "tags">): string[] {
  const relays = new Set<string>();
  for (const [name, text, use] of tags) {
    if (name !== "r" || text === undefined || use === "read") continue;
    const url = normalizePublicUrl(text);
    if (url !== undefined) relays.add(url);
    if (relays.size === MOST_WRITE_RELAYS) break;
  }
  return [...relays];
}
