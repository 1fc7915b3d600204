/** HTTP and WebSockets on one port, through crossws and srvx, which run on Node, Bun and Deno. */
import type { IncomingMessage, Server as NodeServer } from "node:http";
import type { Socket } from "node:net";
import type { Hooks } from "crossws";
import { plugin as webSockets } from "crossws/server";
import { serve, type ServerPlugin } from "srvx";
import { wait } from "../platforms/clock.ts";
import { asksForWebSocket, refuseUnreadable } from "./readable-request.ts";

interface ListenOptions {
  host: string;
  port: number;
  /** A longer WebSocket message ends its connection, in bytes. Deno has a bound of its own. */
  longestMessage: number;
  /** Must not throw. */
  fetch(request: Request): Response | Promise<Response>;
  sockets: Partial<Hooks>;
}

/** How often the runtime pings a client, which it drops if no answer comes, in seconds. */
const HEARTBEAT_SECONDS = 120;
/** Bun ends an HTTP connection that is silent for longer. An event stream shows a sign of life every 15 s. */
const SILENT_HTTP_SECONDS = 60;
/** Bun drops what a client has not read beyond this, and here ends the connection. The relay ends it much earlier, by MAX_SILENT_BYTES. */
const MOST_UNREAD = 2 ** 31 - 1;
/** How long a runtime may take to close what is open, in milliseconds. */
const LONGEST_CLOSING = 1000;

/** Resolves when the port is open. `close` ends all connections. */
export async function listen(options: ListenOptions): Promise<{ close(): Promise<void> }> {
  const ending = new AbortController();
  const { longestMessage } = options;
  const server = serve({
    hostname: options.host,
    port: options.port,
    manual: true,
    silent: true,
    gracefulShutdown: false,
    fetch: options.fetch,
    node: NODE_OPTIONS,
    // In development Bun answers an error with a page that shows the code.
    bun: { idleTimeout: SILENT_HTTP_SECONDS, development: false },
    deno: { signal: ending.signal },
    plugins: [
      webSockets({
        ...options.sockets,
        options: {
          node: {
            idleTimeout: HEARTBEAT_SECONDS,
            serverOptions: { maxPayload: longestMessage, perMessageDeflate: false },
          },
          bun: { idleTimeout: HEARTBEAT_SECONDS },
          deno: { idleTimeout: HEARTBEAT_SECONDS },
        },
      }),
      readableRequests,
    ],
  });
  // crossws has no option for these.
  const ofBun = server.options.bun?.["websocket" as keyof typeof server.options.bun] as object | undefined;
  if (ofBun)
    Object.assign(ofBun, {
      maxPayloadLength: longestMessage,
      backpressureLimit: MOST_UNREAD,
      closeOnBackpressureLimit: true,
    });
  const connections = connectionsOf(server.node?.server as NodeServer | undefined);
  await server.serve();
  return {
    async close() {
      for (const socket of connections) socket.destroy();
      ending.abort();
      await Promise.race([server.close(true), wait(LONGEST_CLOSING)]);
    },
  };
}

/** As on Bun and Deno, an upgrade to a protocol that is not here is ignored: the request gets its answer over HTTP/1.1. */
const NODE_OPTIONS = {
  shouldUpgradeCallback: ({ headers }: IncomingMessage) => asksForWebSocket(headers.upgrade),
};

/** The last plugin comes first. On Node it sees no upgrades, and srvx gives every request an address. */
const readableRequests: ServerPlugin = (server) => {
  server.options.middleware.unshift((request, next) => refuseUnreadable(request) ?? next());
};

/** Returns the open connections of Node's server, which itself forgets those that have become WebSockets. */
function connectionsOf(server: NodeServer | undefined): Set<Socket> {
  const connections = new Set<Socket>();
  server?.on("connection", (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    // While a WebSocket opens, nobody else listens: a client that resets its connection would end the process. `close` follows.
    socket.on("error", () => undefined);
  });
  return connections;
}
