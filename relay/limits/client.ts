/** Who is charged: the network of a client, and the keys that it has authenticated as. */
import { isLoopback, normalizeIpRange } from "../../nostr/ip-address.ts";

export interface Client {
  /** From `networkOf`. */
  network: string | undefined;
  keys: Iterable<string>;
}

/** Returns whom to charge. Empty if the client is on this machine, or its address is unknown. */
export function bucketsOf({ network, keys }: Client): Set<string> {
  return new Set(network === undefined ? [] : [network, ...keys]);
}

/**
 * Returns the network of an address: an IPv4 address, or the /64 of an IPv6 address, which is what one customer gets.
 * Undefined for loopback and for no address. All texts that are not addresses share one network, so none of them is free.
 */
export function networkOf(ip = ""): string | undefined {
  // A proxy may pass on any text.
  if (ip.length > LONGEST_REMEMBERED) return readNetwork(ip);
  if (!networks.has(ip)) {
    if (networks.size >= MOST_REMEMBERED) networks.clear();
    networks.set(ip, readNetwork(ip));
  }
  return networks.get(ip);
}

/** Each connection is asked for several times, and to parse an address takes as long as the rest of a check. */
const networks = new Map<string, string | undefined>();
const MOST_REMEMBERED = 1000;
/** In characters: an IPv6 address has at most 45. */
const LONGEST_REMEMBERED = 45;

function readNetwork(ip: string): string | undefined {
  if (ip === "" || isLoopback(ip)) return undefined;
  const address = normalizeIpRange(ip);
  if (address === undefined || address.includes("/")) return UNREADABLE;
  return address.includes(":") ? normalizeIpRange(`${address}/64`) : address;
}

const UNREADABLE = "unreadable";
