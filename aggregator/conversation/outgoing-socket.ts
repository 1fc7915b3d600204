/** Connections from a Worker to upstream relays. An outgoing WebSocket is a fetch with an upgrade. */
import { maskQueries } from "../../telemetry/mask-queries.ts";
import type { UpstreamSocket } from "./line.ts";
import { CONNECT_MILLISECONDS, fetchFollowing } from "./fetch-following.ts";
import { RedirectError } from "./redirect.ts";

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

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
