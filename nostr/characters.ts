/** Lengths in characters, as the NIPs count them: Unicode code points. An emoji is one of them, but two in UTF-16. */

/** Returns whether a text has more than this many characters. Reads no more of the text than it needs. */
export function isLongerThan(text: string, characters: number): boolean {
  return text.length > characters && countUpTo(text, characters + 1) > characters;
}

/** Returns at most this many first characters. Never cuts a character in half. */
export function firstCharacters(text: string, characters: number): string {
  return Array.from(text.slice(0, 2 * characters))
    .slice(0, characters)
    .join("");
}

/** Removes control and invisible characters, so that a log, a terminal or a page can show the text. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
}

/** Quotes the start of a text that a client sent, for an answer to it. Never repeats a secret key, which apps may show. */
export function quoted(text: string, most: number): string {
  return JSON.stringify(printable(firstCharacters(text, most)).replaceAll(/nsec1[a-z0-9]+/gi, "nsec1…"));
}

/** Describes a value of a client's JSON in an answer: text is quoted, up to its 80th character. */
export function described(value: unknown): string {
  if (typeof value === "string") return quoted(value, 80);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function countUpTo(text: string, most: number): number {
  return Array.from(text.slice(0, 2 * most)).slice(0, most).length;
}
