/** Signs requests to this relay (NIP-98). */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { HTTP_AUTH } from "../../../nostr/kinds.ts";
import type { Signer } from "./signer.ts";

export interface Request {
  /** With its query. */
  path: string;
  method: "GET" | "POST";
  body?: string;
}

/** Signers ask a person, who can answer one question at a time. */
let signing: Promise<unknown> = Promise.resolve();

/** Returns an Authorization header for this one request, at the address of this page only. */
export function authorization(signer: Signer, request: Request): Promise<string> {
  const signed = signing.then(() => sign(signer, request));
  signing = signed.catch(() => {});
  return signed;
}

async function sign(signer: Signer, { path, method, body }: Request): Promise<string> {
  const event = await signer.sign({
    kind: HTTP_AUTH,
    created_at: Math.floor(Date.now() / 1000),
    tags: [
      ["u", location.origin + path],
      ["method", method],
      ...(body === undefined ? [] : [["payload", bytesToHex(sha256(utf8ToBytes(body)))]]),
      // Relays accept each authorization once, and the same call may be made twice in a second.
      ["nonce", crypto.randomUUID()],
    ],
    content: "",
  });
  return `Nostr ${btoa(JSON.stringify(event))}`;
}
