/** A connection of the server to itself, as a client's. */
import { WebSocket } from "ws";
import type { ProbeSocket } from "../relay/watch/probe-line.ts";

export function connectToItself(url: string): Promise<ProbeSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.once("error", reject);
    socket.once("open", () =>
      resolve({
        send: (frame) => socket.send(frame),
        close: () => socket.close(1000, "done"),
        listen(onFrame, onEnd) {
          socket.on("message", (data: Buffer) => onFrame(data.toString()));
          socket.on("close", (code, reason) => onEnd(`${code} ${reason.toString()}`.trim()));
          socket.on("error", () => onEnd("connection error"));
        },
      }),
    );
  });
}
