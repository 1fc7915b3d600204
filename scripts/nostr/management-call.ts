/** Calls of a relay's management API (NIP-86), signed with an admin's key (NIP-98). */
import { npubEncode } from "nostr-tools/nip19";
import { getPublicKey } from "nostr-tools/pure";
import type { MethodName } from "../../nostr/management.ts";
import { note, oneLine } from "../shared/printing.ts";
import { httpUrl } from "../shared/relay-option.ts";
import { CommandError } from "../shared/usage.ts";
import { httpAuthorization } from "./http-authorization.ts";
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
    authorization: httpAuthorization(url, "POST", body),
  };
  return resultOf(await postJson(relay, "", { body, headers, timeout }));
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

/** Returns how the user becomes an admin, in brackets. */
export function howToBecomeAdmin(): string {
  const npub = npubEncode(getPublicKey(readSecretKey()));
  return ` (to be an admin, start or deploy the relay with --var RELAY_ADMINS=${npub})`;
}
