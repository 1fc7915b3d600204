/** Who reads over HTTP: the keys that have signed the request (NIP-98). */
import type { Context } from "hono";
import type { Event } from "../nostr/event.ts";
import { checkHttpAuth } from "../nostr/http-auth.ts";
import type { Refusal } from "../nostr/message.ts";
import { SIGNATURE_COST } from "../relay/limits/cost.ts";
import type { Reader } from "../relay/reads.ts";
import type { AppEnv } from "./app-env.ts";
import { refusalOfAddress } from "./blocked.ts";
import { ownAddress, UNKNOWN_ADDRESS } from "./own-address.ts";
import { clientOf } from "./rate-limit.ts";

export type Keys = ReadonlySet<string>;
/** `signature` is the event that signs the request, if there is one. */
type Signers = { ok: true; keys: Keys; signature?: Event } | { ok: false; refusal: Refusal };

const NOBODY: Signers = { ok: true, keys: new Set() };

/**
 * Returns the keys that have signed this request. A signature that is not valid is refused: without it, the answer would lack
 * events, and nothing would say so. Other schemes of Authorization are for a proxy in front of the relay, and are ignored. A
 * signature may be used again for a minute: reading twice changes nothing.
 */
export function signersOf(c: Context<AppEnv>, body?: Uint8Array): Signers {
  const header = c.req.header("authorization");
  if (header === undefined || !/^nostr\b/i.test(header)) return NOBODY;
  const { pathname, search } = new URL(c.req.url);
  const url = ownAddress(c, pathname + search);
  if (url === undefined) return { ok: false, refusal: UNKNOWN_ADDRESS };
  const { limiter, management, now } = c.env;
  limiter.charge(clientOf(c), SIGNATURE_COST);
  const request = { url, method: c.req.method, body };
  const auth = checkHttpAuth(header, request, { verify: management.verify, now: now() });
  if (auth.ok) return { ok: true, keys: new Set([auth.event.pubkey]), signature: auth.event };
  return {
    ok: false,
    refusal: { prefix: "auth-required", reason: `the signature (NIP-98): ${auth.reason}` },
  };
}

export function readerOf(c: Context<AppEnv>, keys: Keys): Reader {
  const { network } = clientOf(c);
  const { access } = c.env;
  return {
    network,
    keys,
    client: network ?? c,
    mayProbablyRead: access.isProbablyOpen,
    refuseRead: async () => (await refusalOfAddress(c)) ?? access.refuseRead(keys),
  };
}
