/** HTTP and WebSockets on one port, through crossws and srvx, which run on Node, Bun and Deno. */
import type { Hooks } from "crossws";
import { serve } from "crossws/server";

interface ListenOptions {
  host: string;
  port: number;
  fetch(request: Request): Response | Promise<Response>;
  sockets: Partial<Hooks>;
}

/** A longer message ends the connection. The relay refuses shorter ones that exceed MAX_MESSAGE_LENGTH, with a reason. */
const LONGEST_FRAME = 32 * 1024 * 1024;
/** How often the runtime pings a client, which it drops if no answer comes, in seconds. */
const HEARTBEAT_SECONDS = 120;

/** Resolves when the port is open. `close` ends all connections. */
export async function listen(options: ListenOptions): Promise<{ close(): Promise<void> }> {
  const server = serve({
    hostname: options.host,
    port: options.port,
    silent: true,
    gracefulShutdown: false,
    fetch: options.fetch,
    websocket: {
      ...options.sockets,
      options: {
        node: {
          idleTimeout: HEARTBEAT_SECONDS,
          serverOptions: { maxPayload: LONGEST_FRAME, perMessageDeflate: false },
        },
        bun: { idleTimeout: HEARTBEAT_SECONDS },
        deno: { idleTimeout: HEARTBEAT_SECONDS },
      },
    },
  });
  await server.ready();
  return { close: () => server.close(true) };
}
