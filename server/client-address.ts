/** The address of a client of a server. */
import { isLoopback } from "../nostr/ip-address.ts";

/** The part of a request of srvx that tells where it came from. */
interface Addressed {
  headers: Headers;
  ip?: string | undefined;
}

/** All clients whose address is not known share the limits of one. */
const UNKNOWN = "unknown";

/**
 * Returns the client's address; undefined for a client on this machine, which is not limited. With `isBehindProxy` it is what
 * the proxy added last to X-Forwarded-For: everything before was sent by the client.
 */
export function clientAddress({ headers, ip }: Addressed, isBehindProxy: boolean): string | undefined {
  const forwarded = headers.get("x-forwarded-for");
  // Some proxies add the port.
  const last = isBehindProxy ? withoutPort(forwarded?.split(",").at(-1)?.trim() ?? "") : "";
  const address = last || ip?.replace(/^::ffff:/, "") || UNKNOWN;
  if (!isLoopback(address)) return address;
  // What a proxy on this machine passes on is not from here: the proxy was not announced, or there is another one before it.
  return forwarded === null ? undefined : UNKNOWN;
}

function withoutPort(address: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]+)\]|(\d+(?:\.\d+){3}))(?::\d+)?$/.exec(address) ?? [];
  return ipv6 ?? ipv4 ?? address;
}
