/** Splits bytes into lines, without ever holding more than one line of allowed length. */

/** In bytes. */
export const LONGEST_LINE = 2_000_000;

export interface Line {
  /** From 1. */
  number: number;
  /** The position in bytes after this line and its line feed. */
  end: number;
  /** Whether a line feed ends it. Without one, the source may have been cut off. */
  isEnded: boolean;
  /** The line without its line ending. Undefined if it is longer than `LONGEST_LINE`. */
  bytes: Uint8Array | undefined;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Returns the lines that are not blank. `at` is where the source begins, if it is the rest of a longer one. */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  at: { number: number; end: number } = { number: 0, end: 0 },
): AsyncGenerator<Line> {
  let { number, end } = at;
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (isEnded: boolean): Line | undefined => {
    number += 1;
    const bytes = length > LONGEST_LINE ? undefined : trimmed(Buffer.concat(parts), number === 1);
    parts = [];
    length = 0;
    return bytes?.length === 0 ? undefined : { number, end, isEnded, bytes };
  };
  const add = (part: Uint8Array) => {
    length += part.length;
    end += part.length;
    if (length > LONGEST_LINE) parts = [];
    else parts.push(part);
  };
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length;) {
      const feed = chunk.indexOf(LINE_FEED, from);
      add(chunk.subarray(from, feed < 0 ? chunk.length : feed));
      if (feed < 0) break;
      end += 1;
      from = feed + 1;
      const line = take(true);
      if (line) yield line;
    }
  }
  const last = length > 0 ? take(false) : undefined;
  if (last) yield last;
}

/** Removes the byte order mark of a first line, and white space at both ends. */
function trimmed(line: Uint8Array, isFirst: boolean): Uint8Array {
  let from = isFirst && BYTE_ORDER_MARK.every((byte, n) => line[n] === byte) ? BYTE_ORDER_MARK.length : 0;
  let to = line.length;
  while (from < to && isSpace(line[from])) from += 1;
  while (from < to && isSpace(line[to - 1])) to -= 1;
  return line.subarray(from, to);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === CARRIAGE_RETURN;
}
