/** Hides what follows the question mark of an address: the addresses of some relays contain a token there. */

const QUERY = /\b((?:wss?|https?):\/\/[^\s?#"'<>]+)\?[^\s"'<>]+/gi;

/** Returns the text with `?…` instead of the query of each address in it. */
export function maskQueries(text: string): string {
  return text.replace(QUERY, "$1?…");
}
