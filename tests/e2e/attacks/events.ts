/** Events of attackers: signed, or with the signature of another event. */
import { createHash, randomBytes } from "node:crypto";
import { schnorr } from "@noble/curves/secp256k1.js";
import type { Event } from "../../../nostr/event.ts";

export const NOW = Math.floor(Date.now() / 1000);

type Draft = Partial<Pick<Event, "pubkey" | "created_at" | "kind" | "tags" | "content">>;

/** Several keys, because the relay limits each key too. */
const OWN_SECRETS = Array.from({ length: 20 }, () => randomBytes(32));

/** Returns a signed event, by the 20 keys in turn or by the given key. */
export function signed(
  draft: Draft = {},
  secret: Uint8Array = OWN_SECRETS[(made += 1) % OWN_SECRETS.length] as Buffer,
): Event {
  const event = unsigned({ ...draft, pubkey: publicKeyOf(secret) });
  return { ...event, sig: hex(schnorr.sign(Buffer.from(event.id, "hex"), secret, new Uint8Array(32))) };
}

export function publicKeyOf(secret: Uint8Array): string {
  const known = publicKeys.get(secret) ?? hex(schnorr.getPublicKey(secret));
  publicKeys.set(secret, known);
  return known;
}

const publicKeys = new Map<Uint8Array, string>();

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Returns an event with the right id and the signature of another event. Only a complete check detects that. */
export function badlySigned(draft: Draft = {}): Event {
  example ??= signed();
  return { ...unsigned({ pubkey: example.pubkey, ...draft }), sig: example.sig };
}

let example: Event | undefined;
let made = 0;

export function unsigned(draft: Draft): Event {
  const {
    pubkey = "ab".repeat(32),
    created_at = NOW,
    kind = 1,
    tags = [],
    content = `${(made += 1)}`,
  } = draft;
  const serialized = JSON.stringify([0, pubkey, created_at, kind, tags, content]);
  const id = createHash("sha256").update(serialized).digest("hex");
  return { id, pubkey, created_at, kind, tags, content, sig: "00".repeat(64) };
}

/** Returns an id that no event has. */
export function randomId(): string {
  return randomBytes(32).toString("hex");
}
