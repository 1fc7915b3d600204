/** Connections from a Worker to upstream relays. An outgoing WebSocket is a fetch with an upgrade. */
import type { UpstreamSocket } from "./line.ts";
import { readBounded } from "../http/request-body.ts";

export const CONNECT_MILLISECONDS = 10_000;
const LONGEST_DOCUMENT = 100_000;

export async function connectWebSocket(url: string): Promise<UpstreamSocket> {
  // The time limit covers only the opening: a signal that aborts later would end the WebSocket too.
  const opening = new AbortController();
  const limit = setTimeout(
    () => opening.abort(new Error(`${url} did not open a WebSocket within ${CONNECT_MILLISECONDS / 1000} s`)),
    CONNECT_MILLISECONDS,
  );
  const response = await fetch(httpUrl(url), {
    headers: { upgrade: "websocket" },
    // A redirect could lead to any address, also inside the network of this machine.
    redirect: "manual",
    signal: opening.signal,
  })
    .catch((error: unknown) => {
      // The runtime's message, such as "Network connection lost.", does not say that the connection never opened.
      throw opening.signal.aborted ? error : new Error(`cannot connect: ${messageOf(error)}`);
    })
    .finally(() => clearTimeout(limit));
  const socket = response.webSocket;
  const target = response.headers.get("location");
  if (!socket && target !== null)
    throw new Error(
      `${url} redirects to ${target.slice(0, 200)}: redirects are not followed; use that address`,
    );
  if (!socket) throw new Error(`${url} answered ${response.status} instead of opening a WebSocket`);
  return {
    send: (frame) => socket.send(frame),
    close: () => socket.close(1000, "done"),
    listen(onFrame, onEnd) {
      socket.addEventListener("message", ({ data }) => onFrame(data));
      socket.addEventListener("close", ({ code, reason }) => onEnd(`${code} ${reason}`.trim()));
      socket.addEventListener("error", () => onEnd("connection error"));
      socket.accept();
    },
  };
}

/** Returns `limitation.max_limit` of the relay information document (NIP-11); undefined if it is not there. */
export async function fetchMaxLimit(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(httpUrl(url), {
      headers: { accept: "application/nostr+json" },
      redirect: "manual",
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
    // Many relays have no such document. Any other answer says nothing about limits.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

function httpUrl(url: string): string {
  return url.replace(/^ws/, "http");
}
