/** Relay addresses, normalised so that two ways of writing one relay compare equal. */

/** Undefined when the text is no ws:// or wss:// address. No hash, no trailing slash, no default port. */
export function normalizeRelayUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return undefined;
  url.hash = "";
  url.pathname = url.pathname.replace(/\/+/g, "/");
  const path = url.pathname.replace(/\/$/, "");
  const credentials = url.username ? `${url.username}${url.password && `:${url.password}`}@` : "";
  return `${url.protocol}//${credentials}${url.host}${path}${url.search}`;
}
