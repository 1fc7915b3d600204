/** Signatures and ids of events (NIP-01, BIP-340). */
import { schnorr } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import { type Event, eventId } from "./event.ts";

export type Verify = (event: Pick<Event, "id" | "pubkey" | "sig">) => boolean;

/**
 * Returns whether the pubkey signed the id. Does not check that the id is the hash of the event: see `eventId`. The
 * event must come from `parseEvent`.
 */
export function verifySignature(event: Pick<Event, "id" | "pubkey" | "sig">): boolean {
  return schnorr.verify(hexToBytes(event.sig), hexToBytes(event.id), hexToBytes(event.pubkey));
}

export const WRONG_ID = "id is not the hash of the event";
export const WRONG_SIGNATURE = "the signature does not belong to this id and pubkey";

/** Returns why the id or the signature of an event is wrong; undefined if both are right. A platform may hash faster. */
export function forgeryOf(event: Event, verify: Verify, idOf = eventId): string | undefined {
  if (idOf(event) !== event.id) return WRONG_ID;
  return verify(event) ? undefined : WRONG_SIGNATURE;
}
