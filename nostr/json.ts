/** JSON from outside, with a bound on its nesting. Code that recurses through values relies on this bound. */

/** Maximum nesting. A message of NIP-01 has 4 levels; JSON.stringify overflows the stack at 10,000. */
export const MOST_LEVELS = 64;

export interface JsonShape {
  /** Deepest nesting of arrays and objects. */
  levels: number;
  /** Work of parsing, beyond reading the characters: at most about 0.15 µs each. */
  steps: number;
}

/** A key that V8 has not seen before takes as long as about this many values. */
const KEY_STEPS = 10;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/** Measures a text without parsing it. Reads each character once: 2 ms for 500,000. The text need not be valid JSON. */
export function shapeOf(text: string): JsonShape {
  let [level, levels, steps] = [0, 0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COMMA) steps += 1;
    else if (code === COLON) steps += KEY_STEPS;
    else if (code === OPENING[0] || code === OPENING[1]) {
      steps += 1;
      level += 1;
      levels = Math.max(levels, level);
    } else if (code === CLOSING[0] || code === CLOSING[1]) level -= 1;
  }
  return { levels, steps };
}

/** Returns the position of the quote that ends a string. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return text.length;
}

/** Parses JSON. Throws a SyntaxError if the text is not JSON or is nested too deeply. */
export function parseJson(text: string): unknown {
  const { levels } = shapeOf(text);
  if (levels > MOST_LEVELS) throw new SyntaxError(nestedTooDeeply(levels));
  return JSON.parse(text) as unknown;
}

export function nestedTooDeeply(levels: number): string {
  return `nested ${levels} levels deep; at most ${MOST_LEVELS} are allowed`;
}
