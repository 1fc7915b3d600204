/** HyperLogLog by NIP-45, in as few lines as possible and without code of the relay. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** Returns the registers for these authors. `value` is that of the filter's tag. */
export function referenceHll(value: string, pubkeys: string[]): string {
  const offset = referenceOffset(value);
  const registers = Array<number>(256).fill(0);
  for (const pubkey of pubkeys) {
    const bytes = pubkey.match(/../g)!.map((pair) => parseInt(pair, 16));
    const bits = bytes.slice(offset + 1, offset + 8).map((byte) => byte.toString(2).padStart(8, "0"));
    const rank = `${bits.join("")}1`.indexOf("1") + 1;
    registers[bytes[offset]!] = Math.max(rank, registers[bytes[offset]!]!);
  }
  return registers.map((register) => register.toString(16).padStart(2, "0")).join("");
}

export function referenceOffset(value: string): number {
  let hex = value;
  if (/^\d+:[0-9a-f]{64}:/.test(value)) hex = value.split(":")[1]!;
  else if (!/^[0-9a-f]{64}$/.test(value)) hex = bytesToHex(sha256(utf8ToBytes(value)));
  return parseInt(hex[32]!, 16) + 8;
}

/** Returns the number of authors that a client would estimate. */
export function estimateOf(hll: string): number {
  const registers = hll.match(/../g)!.map((pair) => parseInt(pair, 16));
  const zeros = registers.filter((register) => register === 0).length;
  const raw = ((0.7213 / (1 + 1.079 / 256)) * 256 ** 2) / registers.reduce((sum, r) => sum + 2 ** -r, 0);
  return raw <= 2.5 * 256 && zeros > 0 ? 256 * Math.log(256 / zeros) : raw;
}
