/** Paths of the pages about one thing, and short forms of keys and ids. */
import { naddrEncode, noteEncode, npubEncode } from "nostr-tools/nip19";
import { isHex64 } from "../../nostr/event.ts";

export function eventPath(id: string): string {
  return `/e/${noteEncode(id)}`;
}

export function profilePath(pubkey: string): string {
  return `/p/${npubEncode(pubkey)}`;
}

export function hashtagPath(tag: string): string {
  return `/explore?${new URLSearchParams({ "tag.t": tag.toLowerCase() })}`;
}

/** Returns the path of what an `a` tag names, as kind:pubkey:d; undefined if it is none. */
export function addressPath(address: string): string | undefined {
  const [, kind, pubkey = "", identifier = ""] = /^(\d{1,5}):([0-9a-f]{64}):([^]*)$/.exec(address) ?? [];
  // NIP-19 encodes at most 255 bytes.
  if (kind === undefined || identifier.length > 255 || new TextEncoder().encode(identifier).length > 255)
    return undefined;
  return `/e/${naddrEncode({ kind: Number(kind), pubkey, identifier })}`;
}

/** Returns npub1… with its middle left out. What is not a key, as in the tags of strangers, is cut. */
export function shortKey(pubkey: string): string {
  return isHex64(pubkey) ? shownReference(npubEncode(pubkey)) : "an unknown key";
}

/** Returns note1… with its middle left out. */
export function shortId(id: string): string {
  return shownReference(noteEncode(id));
}

/** Returns a NIP-19 text with its middle left out. */
export function shownReference(text: string): string {
  return `${text.slice(0, 10)}…${text.slice(-4)}`;
}
