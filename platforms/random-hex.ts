/** Random ids, as hexadecimal digits. */

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Returns random digits, eight for each word. They need not be secret: OpenTelemetry's own are of the same source. The table is
 * four times as fast as `toString(16)`.
 */
export function randomHex(words: number): string {
  let digits = "";
  for (let n = 0; n < words; n += 1) {
    const word = Math.floor(Math.random() * 2 ** 32);
    digits += `${byteOf(word, 24)}${byteOf(word, 16)}${byteOf(word, 8)}${byteOf(word, 0)}`;
  }
  return digits;
}

function byteOf(word: number, shift: number): string | undefined {
  return BYTES[(word >>> shift) & 255];
}
