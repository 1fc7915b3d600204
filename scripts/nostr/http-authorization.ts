/** Signs HTTP requests with the key in NOSTR_SECRET_KEY (NIP-98). */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { finalizeEvent } from "nostr-tools/pure";
import { HTTP_AUTH } from "../../nostr/kinds.ts";
import { readSecretKey } from "./secret-key.ts";

/** Returns an Authorization header for this one request. */
export function httpAuthorization(url: string, method: "GET" | "POST", body?: string): string {
  const tags = [
    ["u", url],
    ["method", method],
    ...(body === undefined ? [] : [["payload", bytesToHex(sha256(utf8ToBytes(body)))]]),
    // Relays may accept each authorization once, and a user may make the same call twice in a second.
    ["nonce", crypto.randomUUID()],
  ];
  const created_at = Math.floor(Date.now() / 1000);
  const event = finalizeEvent({ kind: HTTP_AUTH, created_at, tags, content: "" }, readSecretKey());
  return `Nostr ${btoa(JSON.stringify(event))}`;
}
