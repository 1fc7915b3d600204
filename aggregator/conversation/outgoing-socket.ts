/** Connections from a Worker to upstream relays. An outgoing WebSocket is a fetch with an upgrade. */
import packageJson from "../../package.json" with { type: "json" };
import { printable } from "../../nostr/characters.ts";
import { normalizePublicUrl } from "../../nostr/relay-url.ts";
import { maskQueries } from "../../telemetry/mask-queries.ts";
import type { Announced } from "./announced.ts";
import type { UpstreamSocket } from "./line.ts";
import { readBounded } from "../../http/request-body.ts";

export const CONNECT_MILLISECONDS = 10_000;
const MOST_REDIRECTS = 3;
/** Some relays and their proxies answer 403 to a client without a name. */
const USER_AGENT = `Tributary/${packageJson.version} (+${packageJson.homepage})`;
const LONGEST_DOCUMENT = 100_000;

export async function connectWebSocket(url: string): Promise<UpstreamSocket> {
  // The time limit covers only the opening: a signal that aborts later would end the WebSocket too.
  const opening = new AbortController();
  const limit = setTimeout(
    () =>
      opening.abort(
        new Error(`${maskQueries(url)} did not open a WebSocket within ${CONNECT_MILLISECONDS / 1000} s`),
      ),
    CONNECT_MILLISECONDS,
  );
  const response = await fetchFollowing(url, { headers: { upgrade: "websocket" }, signal: opening.signal })
    .catch((error: unknown) => {
      // The runtime's message, such as "Network connection lost.", does not say that the connection never opened.
      throw opening.signal.aborted || error instanceof RedirectError
        ? error
        : new Error(`cannot connect: ${messageOf(error)}`);
    })
    .finally(() => clearTimeout(limit));
  const socket = response.webSocket;
  if (!socket)
    throw new Error(`${maskQueries(url)} answered ${response.status} instead of opening a WebSocket`);
  let isListened = false;
  return {
    send: (frame) => socket.send(frame),
    close() {
      // The runtime closes no connection that was not accepted.
      if (!isListened) socket.accept();
      socket.close(1000, "done");
    },
    listen(onFrame, onEnd) {
      isListened = true;
      socket.addEventListener("message", ({ data }) => onFrame(data));
      socket.addEventListener("close", ({ code, reason }) => onEnd(`${code} ${reason}`.trim()));
      socket.addEventListener("error", () => onEnd("connection error"));
      socket.accept();
    },
  };
}

const NEGENTROPY = 77;
const COUNT = 45;
const NOTHING: Announced = {};

/** Returns what the relay information document says (NIP-11). */
export async function fetchAnnounced(url: string): Promise<Announced> {
  try {
    const response = await fetchFollowing(url, {
      headers: { accept: "application/nostr+json" },
      signal: AbortSignal.timeout(CONNECT_MILLISECONDS),
    });
    const bytes = await readBounded(response.body, LONGEST_DOCUMENT);
    if (!response.ok || !bytes) return NOTHING;
    const document = JSON.parse(new TextDecoder().decode(bytes)) as {
      limitation?: { max_limit?: unknown };
      supported_nips?: unknown;
    } | null;
    const limit = document?.limitation?.max_limit;
    const nips = document?.supported_nips;
    return {
      ...(Number.isSafeInteger(limit) && (limit as number) > 0 && { maxLimit: limit as number }),
      ...(Array.isArray(nips) && {
        speaksNegentropy: nips.includes(NEGENTROPY),
        counts: nips.includes(COUNT),
      }),
    };
  } catch (error) {
    // Many relays have no such document. Any other answer says nothing.
    if (error instanceof Error) return NOTHING;
    throw error;
  }
}

class RedirectError extends Error {}

/** Fetches from an upstream. Follows redirects that cannot lead into the network of this machine. */
async function fetchFollowing(
  url: string,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
): Promise<Response> {
  let address = new URL(httpUrl(url));
  for (let redirects = 0; ; redirects += 1) {
    const response = await fetch(address.href, {
      headers: { ...headers, "user-agent": USER_AGENT },
      redirect: "manual",
      signal,
    });
    const target = response.headers.get("location");
    if (response.webSocket || target === null || response.status < 300 || response.status > 399)
      return response;
    await response.body?.cancel();
    if (redirects === MOST_REDIRECTS)
      throw new RedirectError(`${maskQueries(url)} redirects more than ${MOST_REDIRECTS} times`);
    address = redirected(address, target);
  }
}

/** Returns the address of a redirect. Only to the same host, or to a public one with TLS: never from TLS to none. */
function redirected(from: URL, target: string): URL {
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

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

function httpUrl(url: string): string {
  return url.replace(/^ws/, "http");
}
