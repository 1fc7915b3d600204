/** Public keys as people write them: in hex, or as npub1… (NIP-19). */
import { decode } from "nostr-tools/nip19";
import { isHex64 } from "./event.ts";

/** Returns the key in hex; undefined if the text is not a public key. */
export function parsePublicKey(text: string): string | undefined {
  return isHex64(text) ? text : decodeNpub(text);
}

function decodeNpub(text: string): string | undefined {
  try {
    const decoded = decode(text);
    return decoded.type === "npub" ? decoded.data : undefined;
  } catch {
    return undefined;
  }
}
