/** Who pays for what a client asks: the address that it comes from, and the keys that it acts with. */

export interface Payer {
  /** As `networkOf` tells it. */
  network: string | undefined;
  keys: Iterable<string>;
}

/** Nobody when the client is on this machine, or nothing is known of where it is. */
export function payersOf({ network, keys }: Payer): Set<string> {
  return new Set(network === undefined ? [] : [network, ...keys]);
}

/**
 * An IPv4 address, or the /64 that an IPv6 address is in, which is what one customer is given. Undefined for loopback,
 * and for what is not known or no address.
 */
export function networkOf(ip = ""): string | undefined {
  const ipv4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(ip)?.[1];
  if (ipv4 !== undefined) return ipv4.startsWith("127.") ? undefined : ipv4;
  const groups = ipv6Groups(ip.toLowerCase());
  if (!groups || (groups.slice(0, 7).every((group) => group === "0") && groups[7] === "1")) return undefined;
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** All eight of them, without leading zeros. */
function ipv6Groups(ip: string): string[] | undefined {
  if (!/^[0-9a-f:]{2,39}$/.test(ip)) return undefined;
  const [front = [], back, ...more] = ip
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":").map((group) => group.replace(/^0+(?=.)/, ""))));
  const missing = 8 - front.length - (back?.length ?? 0);
  if (more.length > 0 || (back ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...front, ...Array.from({ length: missing }, () => "0"), ...(back ?? [])];
  return groups.every((group) => group.length >= 1 && group.length <= 4) ? groups : undefined;
}
