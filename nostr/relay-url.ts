/** Relay addresses, normalised so that two ways of writing one relay compare equal. */

/**
 * Normalises a ws:// or wss:// address; undefined for any other text. Drops the hash, a trailing slash and a default
 * port.
 */
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

/**
 * The same for an address that the relay connects to. Refuses a user name or password: nothing would use them, but traces
 * and the database would contain them.
 */
export function normalizeUpstreamUrl(text: string): string | undefined {
  const url = normalizeRelayUrl(text);
  return url !== undefined && new URL(url).username === "" ? url : undefined;
}
