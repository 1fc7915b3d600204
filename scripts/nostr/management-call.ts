/** Calls of a relay's management API (NIP-86), signed with an admin's key (NIP-98). */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { npubEncode } from "nostr-tools/nip19";
import { finalizeEvent, getPublicKey } from "nostr-tools/pure";
import { HTTP_AUTH } from "../../nostr/kinds.ts";
import type { MethodName } from "../../nostr/management.ts";
import { note, oneLine } from "../shared/printing.ts";
import { httpUrl } from "../shared/relay-option.ts";
import { CommandError } from "../shared/usage.ts";
import { postJson } from "./http-client.ts";
import { readSecretKey } from "./secret-key.ts";

/**
 * Makes one call with the key in NOSTR_SECRET_KEY. Resolves with the result, and prints the relay's message, if it has one, on
 * standard error. Rejects with one sentence if the relay refuses. `timeout` is in milliseconds.
 */
export async function callRelay(
  relay: string,
  call: { method: MethodName; params: unknown[] },
  timeout?: number,
): Promise<unknown> {
  const body = JSON.stringify(call);
  const url = httpUrl(relay, "");
  const headers = {
    "content-type": "application/nostr+json+rpc",
    authorization: authorization(url, body),
  };
  return resultOf(await postJson(relay, "", { body, headers, timeout }));
}

/** Returns an Authorization header for this one request (NIP-98). */
function authorization(url: string, body: string): string {
  const tags = [
    ["u", url],
    ["method", "POST"],
    ["payload", bytesToHex(sha256(utf8ToBytes(body)))],
    // Relays accept each authorization once, and a user may make the same call twice in a second.
    ["nonce", crypto.randomUUID()],
  ];
  const created_at = Math.floor(Date.now() / 1000);
  const event = finalizeEvent({ kind: HTTP_AUTH, created_at, tags, content: "" }, readSecretKey());
  return `Nostr ${btoa(JSON.stringify(event))}`;
}

function resultOf({ status, body }: { status: number; body: unknown }): unknown {
  const { result, error, message } = (body ?? {}) as { result?: unknown; error?: unknown; message?: unknown };
  if (typeof error === "string" && error !== "")
    throw new CommandError(
      `the relay says: ${oneLine(error)}${status === 403 && /admin/i.test(error) ? howToBecomeAdmin() : ""}`,
    );
  if (status !== 200 || result === undefined)
    throw new CommandError(`the relay answered ${status} without a result: does it support NIP-86?`);
  if (typeof message === "string") note(message);
  return result;
}

function howToBecomeAdmin(): string {
  const npub = npubEncode(getPublicKey(readSecretKey()));
  return ` (to be an admin, start or deploy the relay with --var RELAY_ADMINS=${npub})`;
}
