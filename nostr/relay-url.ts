/** Relay addresses, normalised so that two ways of writing one relay compare equal. */

import { isIp, isPublicIp } from "./ip-address.ts";

/**
 * Normalises a ws:// or wss:// address; undefined for any other text. Drops the hash, a trailing slash and a default
 * port.
 */
export function normalizeRelayUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return undefined;
  url.hash = "";
  url.pathname = url.pathname.replace(/\/+/g, "/");
  const path = url.pathname.replace(/\/$/, "");
  const credentials = url.username ? `${url.username}${url.password && `:${url.password}`}@` : "";
  return `${url.protocol}//${credentials}${url.host}${path}${url.search}`;
}

/**
 * The same for an address that the relay connects to. Refuses a user name or password: nothing would use them, but traces
 * and the database would contain them.
 */
export function normalizeUpstreamUrl(text: string): string | undefined {
  const url = normalizeRelayUrl(text);
  return url !== undefined && new URL(url).username === "" ? url : undefined;
}

/** Longer addresses of relays are no addresses that people use. */
const LONGEST_PUBLIC = 200;
const NOT_PUBLIC =
  /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home|corp|private|onion|i2p|test|invalid|arpa)$/;

/**
 * The same for an address that an event names. Refuses what is not on the public internet: it could lead into the network of
 * this machine. A public name that resolves to a private address is not found out here.
 */
export function normalizePublicUrl(text: string): string | undefined {
  if (text.length > LONGEST_PUBLIC) return undefined;
  const url = normalizeUpstreamUrl(text.trim());
  if (url === undefined) return undefined;
  const host = new URL(url).hostname.replace(/\.$/, "");
  const ip = host.replace(/^\[|\]$/g, "");
  if (isIp(ip)) return isPublicIp(ip) ? url : undefined;
  return host.includes(".") && !NOT_PUBLIC.test(host) ? url : undefined;
}
