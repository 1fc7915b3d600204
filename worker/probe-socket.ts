/** A connection to a hub from within the Worker, on the path of a client's. */
import type { ProbeSocket } from "../relay/watch/probe-line.ts";

/** `connect` answers a client's request for a WebSocket. */
export async function openProbeSocket(
  connect: (request: Request) => Promise<Response>,
  address: string,
): Promise<ProbeSocket> {
  const url = new URL("/", address.replace(/^ws/, "http"));
  const response = await connect(new Request(url, { headers: { upgrade: "websocket" } }));
  const socket = response.webSocket;
  if (!socket) throw new Error(`a connection was answered with ${response.status}: ${await response.text()}`);
  return {
    send: (frame) => socket.send(frame),
    close: () => socket.close(1000, "done"),
    listen(onFrame, onEnd) {
      socket.addEventListener("message", ({ data }) => onFrame(String(data)));
      socket.addEventListener("close", ({ code, reason }) => onEnd(`${code} ${reason}`.trim()));
      socket.addEventListener("error", () => onEnd("connection error"));
      socket.accept();
    },
  };
}
