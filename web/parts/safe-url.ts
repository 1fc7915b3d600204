/** Addresses in text that strangers wrote. */

/** In characters. */
const LONGEST = 2000;

/** Returns the address if a page may link to it; undefined otherwise, as for javascript: and data:. */
export function safeUrl(text: string | undefined): URL | undefined {
  if (text === undefined || text.length > LONGEST || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  // A name or password in an address makes its host hard to see.
  if (url.username !== "" || url.password !== "") return undefined;
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined;
}

/** Returns the address of a picture that a page may show. Only https: fits the Content-Security-Policy. */
export function pictureUrl(text: string | undefined): string | undefined {
  const url = safeUrl(text);
  return url?.protocol === "https:" ? url.href : undefined;
}

/** Returns whether an address looks like that of a picture. */
export function isPicture(url: URL): boolean {
  return url.protocol === "https:" && /\.(?:jpe?g|png|gif|webp|avif)$/i.test(url.pathname);
}
