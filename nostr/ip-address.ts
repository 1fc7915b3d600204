/** IP addresses and ranges, normalised so that two spellings of one address compare equal. */
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Normalises an address, or a range such as 192.0.2.0/24 or 2001:db8::/64. Undefined for any other text. */
export function normalizeIpRange(text: string): string | undefined {
  const [, written = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(written);
  if (!address) return undefined;
  const size = address.toByteArray().length * 8;
  // The length of a mapped range (::ffff:192.0.2.0/120) includes the 96 bits before the IPv4 address.
  const isMapped = written.includes(":") && address.kind() === "ipv4";
  const kept = length === undefined ? size : Number(length) - (isMapped ? 96 : 0);
  if (kept < 0 || kept > size) return undefined;
  const network = addressOfBits(bitsOf(address).slice(0, kept).padEnd(size, "0"));
  return kept === size ? network : `${network}/${kept}`;
}

/** Returns a test for whether an address is in one of these ranges. The ranges must come from `normalizeIpRange`. */
export function ipMatcher(ranges: Iterable<string>): (ip: string) => boolean {
  const prefixes = new Set<string>();
  const lengths = new Set<number>();
  for (const range of ranges) {
    const [written = "", length] = range.split("/");
    const address = parseAddress(written);
    if (!address) continue;
    const bits = bitsOf(address);
    const kept = Number(length ?? bits.length);
    lengths.add(kept);
    prefixes.add(`${bits.length}/${bits.slice(0, kept)}`);
  }
  return (ip) => {
    const address = parseAddress(ip);
    if (!address) return false;
    const bits = bitsOf(address);
    return [...lengths].some((length) => prefixes.has(`${bits.length}/${bits.slice(0, length)}`));
  };
}

/** Returns whether an address is of the machine itself: 127.0.0.0/8 or ::1. */
export function isLoopback(ip: string): boolean {
  return parseAddress(ip)?.range() === "loopback";
}

/** Returns whether a text is an address. */
export function isIp(text: string): boolean {
  return parseAddress(text) !== undefined;
}

/** Returns whether an address is of the public internet: not private, reserved, shared, or one that stands for others. */
export function isPublicIp(ip: string): boolean {
  return parseAddress(ip)?.range() === "unicast";
}

/** Parses an address. An IPv4 address in IPv6 form (::ffff:192.0.2.1) becomes that IPv4 address. */
function parseAddress(text: string): Address | undefined {
  // No octal, hexadecimal or short forms: programs disagree about them.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  if (address.zoneId !== undefined) return undefined;
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function bitsOf(address: Address): string {
  return address
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
}

function addressOfBits(bits: string): string {
  const bytes = Array.from({ length: bits.length / 8 }, (_, at) =>
    Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
