/** The address of a client of a server. */
import { isLoopback } from "../nostr/ip-address.ts";

/** The part of a request of srvx that tells where it came from. */
interface Addressed {
  headers: Headers;
  ip?: string | undefined;
}

/**
 * Returns the client's address; undefined for a client on this machine, which is not limited. With `isBehindProxy` it is what
 * the proxy added last to X-Forwarded-For: everything before was sent by the client.
 */
export function clientAddress(request: Addressed, isBehindProxy: boolean): string | undefined {
  const forwarded = isBehindProxy
    ? request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim()
    : undefined;
  const address = forwarded || request.ip?.replace(/^::ffff:/, "");
  return address === undefined || isLoopback(address) ? undefined : address;
}
