/** Connections from a server to upstream relays. A Worker opens them with fetch; here they are those of the package ws. */
import { WebSocket } from "ws";
import { CONNECT_MILLISECONDS, USER_AGENT } from "../aggregator/conversation/fetch-following.ts";
import type { UpstreamSocket } from "../aggregator/conversation/line.ts";
import { httpUrl, redirected } from "../aggregator/conversation/redirect.ts";
import { maskQueries } from "../telemetry/mask-queries.ts";

/** Longer messages end the connection. Readers have narrower bounds of their own. */
const LONGEST_FRAME = 32 * 1024 * 1024;

export async function connectWebSocket(url: string): Promise<UpstreamSocket> {
  let address = new URL(httpUrl(url));
  for (let redirects = 0; ; redirects += 1) {
    const opened = await open(address);
    if (opened instanceof WebSocket) return upstreamSocket(opened);
    const { status, location } = opened;
    if (location === undefined || status < 300 || status > 399)
      throw new Error(`${maskQueries(url)} answered ${status} instead of opening a WebSocket`);
    address = redirected(address, location, { first: url, before: redirects });
  }
}

/** Resolves with the open socket, or with the answer that came instead. */
function open(address: URL): Promise<WebSocket | { status: number; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address.href.replace(/^http/, "ws"), {
      headers: { "user-agent": USER_AGENT },
      handshakeTimeout: CONNECT_MILLISECONDS,
      maxPayload: LONGEST_FRAME,
      perMessageDeflate: false,
    });
    // What comes before somebody listens must not be lost: `ws` would drop it.
    socket.once("open", () => {
      socket.pause();
      resolve(socket);
    });
    socket.once("unexpected-response", (_request, response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
    });
    socket.once("error", (error) => reject(new Error(`cannot connect: ${error.message}`)));
  });
}

function upstreamSocket(socket: WebSocket): UpstreamSocket {
  return {
    send: (frame) => socket.send(frame),
    close: () => socket.close(1000, "done"),
    listen(onFrame, onEnd) {
      socket.on("message", (data: Buffer, isBinary) => onFrame(isBinary ? data : data.toString()));
      socket.on("close", (code, reason) => onEnd(`${code} ${reason.toString()}`.trim()));
      socket.on("error", () => onEnd("connection error"));
      socket.resume();
    },
  };
}
