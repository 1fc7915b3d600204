/** Redirects of upstreams. None may lead into the network of this machine. */
import { printable } from "../../nostr/characters.ts";
import { normalizePublicUrl } from "../../nostr/relay-url.ts";
import { maskQueries } from "../../telemetry/mask-queries.ts";

const MOST_REDIRECTS = 3;

export class RedirectError extends Error {}

/**
 * Returns the address of a redirect. Only to the same host, or to a public one with TLS: never from TLS to none. Throws a
 * RedirectError if it must not be followed. `first` is the address that was asked, and `before` the number of redirects since.
 */
export function redirected(
  from: URL,
  target: string,
  { first, before }: { first: string; before: number },
): URL {
  if (before === MOST_REDIRECTS)
    throw new RedirectError(`${maskQueries(first)} redirects more than ${MOST_REDIRECTS} times`);
  const to = URL.canParse(target, from.href) ? new URL(httpUrl(new URL(target, from.href).href)) : undefined;
  const isSameHost = to?.hostname === from.hostname;
  const isSafe =
    to?.protocol === "https:"
      ? isSameHost || normalizePublicUrl(to.href.replace(/^http/, "ws")) !== undefined
      : to?.protocol === "http:" && from.protocol === "http:" && isSameHost;
  if (!to || !isSafe || to.username !== "") {
    const shown = maskQueries(
      `${from.href.replace(/^http/, "ws")} redirects to ${printable(target).slice(0, 200)}`,
    );
    throw new RedirectError(
      `${shown}: only a redirect to the same host, or to a public wss:// address, is followed`,
    );
  }
  return to;
}

export function httpUrl(url: string): string {
  return url.replace(/^ws/, "http");
}
