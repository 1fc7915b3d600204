/** workerd listens on one address. This forwards connections from another address of the machine. */
import { connect, createServer, type Socket } from "node:net";

export interface Forwarding {
  stop(): void;
}

/** Forwards a port. Undefined if the machine has no such address. */
export async function forwardPort(port: number, from: string, to: string): Promise<Forwarding | undefined> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const relay = connect({ port, host: to, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, relay],
      [relay, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.pipe(other);
      // If one end closes, the other closes too.
      socket.on("error", () => other.destroy());
      socket.on("close", () => sockets.delete(socket) && other.destroySoon());
    }
  });
  const isListening = await new Promise<boolean>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT" ? resolve(false) : reject(error),
    );
    server.listen({ port, host: from, ipv6Only: true }, () => resolve(true));
  });
  if (!isListening) return undefined;
  return {
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
