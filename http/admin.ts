/** Requests that only the relay's admins may make, besides the management API. */
import type { Context } from "hono";
import type { Event } from "../nostr/event.ts";
import type { Refusal } from "../nostr/message.ts";
import type { AppEnv } from "./app-env.ts";
import { signersOf } from "./reader.ts";

type Admin =
  | { ok: true; pubkey: string; signature: Pick<Event, "id" | "created_at"> }
  | { ok: false; refusal: Refusal };

/** Returns the admin who has signed a request (NIP-98). Without `body`, a body may be anything. */
export function adminOf(c: Context<AppEnv>, body?: Uint8Array): Admin {
  const signers = signersOf(c, body);
  if (!signers.ok) return signers;
  const { signature } = signers;
  const [pubkey] = signers.keys;
  if (pubkey === undefined || !signature)
    return refused("auth-required", "an admin must sign the request (NIP-98)");
  if (!c.env.config.RELAY_ADMINS.includes(pubkey))
    return refused("restricted", `${pubkey} is not an admin of this relay`);
  return { ok: true, pubkey, signature };
}

function refused(prefix: Refusal["prefix"], reason: string): Admin {
  return { ok: false, refusal: { prefix, reason } };
}
