/** HTTP headers as one text: `name=value,name=value`, percent-encoded. */

const LONGEST = 4000;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
/** What a header may contain: visible ASCII, and blanks in between. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Undefined if the text is not a list of headers. */
export function parseHeaders(text: string): Readonly<Record<string, string>> | undefined {
  if (text.length > LONGEST) return undefined;
  const entries = text.split(",").map(parseHeader);
  return entries.every((entry) => entry !== undefined) ? Object.fromEntries(entries) : undefined;
}

function parseHeader(text: string): [string, string] | undefined {
  const at = text.indexOf("=");
  const name = text.slice(0, Math.max(0, at)).trim();
  const value = decoded(text.slice(at + 1).trim());
  return NAME.test(name) && value !== undefined && VALUE.test(value) ? [name, value] : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
