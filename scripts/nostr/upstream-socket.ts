/** A WebSocket of this runtime as the aggregator's conversations with relays use it. */
import type { UpstreamSocket } from "../../aggregator/conversation/line.ts";
import { openSocket } from "./conversation.ts";

/** Connects. Rejects with one sentence if the relay does not answer in time. */
export async function upstreamSocket(relay: string, milliseconds?: number): Promise<UpstreamSocket> {
  const socket = new WebSocket(relay);
  // What comes before somebody listens must not be lost.
  let early: unknown[] = [];
  let ended: string | undefined;
  let onFrame = (frame: unknown): void => void early.push(frame);
  let onEnd = (reason: string): void => void (ended ??= reason);
  socket.addEventListener("message", ({ data }) => onFrame(data));
  socket.addEventListener("close", ({ code, reason }) => onEnd(`${code} ${reason}`.trim()));
  socket.addEventListener("error", () => onEnd("connection error"));
  await openSocket(socket, relay, milliseconds);
  return {
    send: (frame) => socket.send(frame),
    close: () => socket.close(1000, "done"),
    listen(frame, end) {
      [onFrame, onEnd] = [frame, end];
      for (const one of early) frame(one);
      early = [];
      if (ended !== undefined) end(ended);
    },
  };
}
