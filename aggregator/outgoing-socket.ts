/** Connections from a Worker to upstream relays. An outgoing WebSocket is a fetch with an upgrade. */
import type { Announced } from "./job.ts";
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

const NEGENTROPY = 77;
const NOTHING: Announced = { speaksNegentropy: false };

/** Returns what the relay information document says (NIP-11). */
export async function fetchAnnounced(url: string): Promise<Announced> {
  try {
    const response = await fetch(httpUrl(url), {
      headers: { accept: "application/nostr+json" },
      redirect: "manual",
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
      speaksNegentropy: Array.isArray(nips) && nips.includes(NEGENTROPY),
    };
  } catch (error) {
    // Many relays have no such document. Any other answer says nothing.
    if (error instanceof Error) return NOTHING;
    throw error;
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

function httpUrl(url: string): string {
  return url.replace(/^ws/, "http");
}
