/** The address for which requests to this relay must be signed (NIP-98). */
import type { Context } from "hono";
import type { Refusal } from "../nostr/message.ts";
import type { AppEnv } from "./app-env.ts";

const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

export const UNKNOWN_ADDRESS: Refusal = {
  prefix: "restricted",
  reason:
    "this relay does not know its own address, so it cannot check whether a request is signed for it: set RELAY_URL, for example to wss://relay.example",
};

/**
 * Returns the URL that a request must be signed for: the relay's own address, followed by `path`. A signature for another
 * relay must not work here, and the sender of a request chooses its `Host`. So without RELAY_URL, the relay knows its
 * address only if the caller is on the same machine.
 */
export function ownAddress(c: Context<AppEnv>, path = ""): string | undefined {
  const { RELAY_URL } = c.env.config;
  if (RELAY_URL !== "") return RELAY_URL.replace(/^ws/, "http").replace(/\/$/, "") + path;
  const { hostname, origin } = new URL(c.req.url);
  return LOOPBACK_HOSTS.includes(hostname) ? origin + path : undefined;
}
