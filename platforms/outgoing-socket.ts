/** Upstream relays, from a Worker: an outgoing WebSocket is a fetch that asks for an upgrade. */
import type { UpstreamSocket } from "../aggregator/upstream.ts";
import { readBounded } from "../http/request-body.ts";

export const CONNECT_MILLISECONDS = 10_000;
const LONGEST_DOCUMENT = 100_000;

export async function connectWebSocket(url: string): Promise<UpstreamSocket> {
  // Only the opening is limited: a signal that fires later ends the WebSocket, too.
  const opening = new AbortController();
  const limit = setTimeout(
    () => opening.abort(new Error(`${url} did not open a WebSocket within ${CONNECT_MILLISECONDS / 1000} s`)),
    CONNECT_MILLISECONDS,
  );
  const response = await fetch(httpUrl(url), {
    headers: { upgrade: "websocket" },
    signal: opening.signal,
  }).finally(() => clearTimeout(limit));
  const socket = response.webSocket;
  if (!socket) throw new Error(`${url} answered ${response.status} instead of opening a WebSocket`);
  return {
    send: (frame) => socket.send(frame),
    close: () => socket.close(1000, "done"),
    listen(onFrame, onEnd) {
      socket.addEventListener("message", ({ data }) => onFrame(data));
      socket.addEventListener("close", ({ code, reason }) => onEnd(`${code} ${reason}`.trim()));
      socket.addEventListener("error", () => onEnd("it failed"));
      socket.accept();
    },
  };
}

/** `limitation.max_limit` of the relay information document (NIP-11); undefined when it does not tell. */
export async function fetchMaxLimit(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(httpUrl(url), {
      headers: { accept: "application/nostr+json" },
      signal: AbortSignal.timeout(CONNECT_MILLISECONDS),
    });
    const bytes = await readBounded(response.body, LONGEST_DOCUMENT);
    if (!response.ok || !bytes) return undefined;
    const document = JSON.parse(new TextDecoder().decode(bytes)) as {
      limitation?: { max_limit?: unknown };
    } | null;
    const limit = document?.limitation?.max_limit;
    return Number.isSafeInteger(limit) && (limit as number) > 0 ? (limit as number) : undefined;
  } catch (error) {
    // Many relays have no such document: whatever comes instead of it says nothing about limits.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function httpUrl(url: string): string {
  return url.replace(/^ws/, "http");
}
