/** Signs with a secret key that was typed or pasted. It is kept in this page's memory, and nowhere else. */
import { parseSecretKey, signEvent } from "../../../nostr/secret-key.ts";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Signer } from "./signer.ts";

/** `text` is a key in hex, nsec1…, or ncryptsec1… (NIP-49) with its password. Throws if it is none. */
export async function secretKeySigner(text: string, password: string): Promise<Signer> {
  let secret: string | undefined = text.startsWith("ncryptsec1")
    ? await decrypted(text, password)
    : parseSecretKey(text);
  if (secret === undefined)
    throw new Error("This is not a secret key. Expected nsec1…, ncryptsec1… or 64 characters of hex.");
  const { pubkey } = signEvent({ kind: 0, created_at: 0, tags: [], content: "" }, secret);
  return {
    pubkey,
    way: "key",
    async sign(template) {
      if (secret === undefined) throw new Error("The secret key was forgotten. Sign in again.");
      return signEvent(template, secret);
    },
    async forget() {
      secret = undefined;
    },
  };
}

async function decrypted(text: string, password: string): Promise<string> {
  const { decrypt } = await import("nostr-tools/nip49");
  try {
    return bytesToHex(decrypt(text as `ncryptsec1${string}`, password));
  } catch (error) {
    throw new Error("The password is wrong, or the key is damaged.", { cause: error });
  }
}
