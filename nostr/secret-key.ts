/** Secret keys as people write them: in hex, or as nsec1… (NIP-19). */
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { decode } from "nostr-tools/nip19";
import { type Event, eventId, isHex64 } from "./event.ts";

/** Returns the key in hex; undefined if the text is not a secret key. */
export function parseSecretKey(text: string): string | undefined {
  const hex = isHex64(text) ? text : decodeNsec(text);
  return hex !== undefined && secp256k1.utils.isValidSecretKey(hexToBytes(hex)) ? hex : undefined;
}

/** Returns the public key of a key in hex. */
export function publicKeyOf(secret: string): string {
  return bytesToHex(schnorr.getPublicKey(hexToBytes(secret)));
}

/** Signs an event. `secret` is a key in hex, from `parseSecretKey`. */
export function signEvent(draft: Omit<Event, "id" | "pubkey" | "sig">, secret: string): Event {
  const unsigned = { ...draft, pubkey: publicKeyOf(secret) };
  const id = eventId(unsigned);
  return { ...unsigned, id, sig: bytesToHex(schnorr.sign(hexToBytes(id), hexToBytes(secret))) };
}

function decodeNsec(text: string): string | undefined {
  try {
    const decoded = decode(text);
    return decoded.type === "nsec" ? bytesToHex(decoded.data) : undefined;
  } catch {
    return undefined;
  }
}
