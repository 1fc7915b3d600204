/** Did this pubkey sign this id (NIP-01, BIP-340)? */
import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import type { Event } from "./event.ts";

export type Verify = (event: Pick<Event, "id" | "pubkey" | "sig">) => boolean;

/** The event must have passed `parseEvent`; its id is taken as given, so compare it with `eventId` first. */
export function verifySignature(event: Pick<Event, "id" | "pubkey" | "sig">): boolean {
  return schnorr.verify(hexToBytes(event.sig), hexToBytes(event.id), hexToBytes(event.pubkey));
}
