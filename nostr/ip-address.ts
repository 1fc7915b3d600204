/** Addresses of the internet and ranges of them, written so that two ways of writing one compare equal. */

/** Undefined when the text is neither an address nor a range such as 192.0.2.0/24 or 2001:db8::/64. */
export function normalizeIpRange(text: string): string | undefined {
  const [, address = "", length] = /^([0-9a-fA-F.:]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bits = bitsOf(address);
  if (bits === undefined) return undefined;
  // What was written as IPv4 in IPv6 is IPv4: its range is counted from there.
  const isMapped = address.includes(":") && bits.length === 32;
  const kept = length === undefined ? bits.length : Number(length) - (isMapped ? 96 : 0);
  if (kept < 0 || kept > bits.length) return undefined;
  const written = textOf(bits.slice(0, kept).padEnd(bits.length, "0"));
  return kept === bits.length ? written : `${written}/${kept}`;
}

/** Is this address one of these, or in one of these ranges? They are as `normalizeIpRange` writes them. */
export function ipMatcher(ranges: Iterable<string>): (ip: string) => boolean {
  const prefixes = new Set<string>();
  const lengths = new Set<number>();
  for (const range of ranges) {
    const [address = "", length] = range.split("/");
    const bits = bitsOf(address);
    if (bits === undefined) continue;
    const kept = Number(length ?? bits.length);
    lengths.add(kept);
    prefixes.add(`${bits.length}/${bits.slice(0, kept)}`);
  }
  return (ip) => {
    const bits = bitsOf(ip);
    if (bits === undefined) return false;
    return [...lengths].some((length) => prefixes.has(`${bits.length}/${bits.slice(0, length)}`));
  };
}

/** 32 or 128 of them; those of an IPv4 address that is written in IPv6 are its own 32. */
function bitsOf(address: string): string | undefined {
  if (!address.includes(":")) return ipv4Bits(address);
  if (!URL.canParse(`http://[${address}]`)) return undefined;
  // A URL writes it in hexadecimal, and one run of zeros as "::".
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = [], after = []] = written
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const bits = [...before, ...zeros, ...after]
    .map((group) => binary(Number.parseInt(group, 16), 16))
    .join("");
  return bits.startsWith(MAPPED) ? bits.slice(MAPPED.length) : bits;
}

/** ::ffff:0:0/96 */
const MAPPED = "0".repeat(80) + "1".repeat(16);

function ipv4Bits(address: string): string | undefined {
  const bytes = address.split(".");
  if (bytes.length !== 4 || !bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256))
    return undefined;
  return bytes.map((byte) => binary(Number(byte), 8)).join("");
}

function textOf(bits: string): string {
  if (bits.length === 32) return numbers(bits, 8).join(".");
  const groups = numbers(bits, 16).map((group) => group.toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

function numbers(bits: string, size: number): number[] {
  return Array.from({ length: bits.length / size }, (_, at) =>
    Number.parseInt(bits.slice(at * size, (at + 1) * size), 2),
  );
}

function binary(number: number, size: number): string {
  return number.toString(2).padStart(size, "0");
}
