/** A load of clients with a connection each. */
import type { Load, Relay } from "./measure.ts";
import { type Line, openLine } from "./socket.ts";

interface Client {
  /** Resolves when nothing of this client waits for an answer any more. */
  ended: Promise<void>;
  /** Begins nothing more. */
  stop(): void;
}

/** Opens the connections, and makes a client for each. `begin` is called for each client when the load starts. */
export async function loadOf<Some extends Client>(
  relay: Relay,
  connections: number,
  clientOf: (line: Line, at: number) => Some,
  begin: (client: Some) => void,
): Promise<Load> {
  const lines = await Promise.all(Array.from({ length: connections }, () => openLine(relay.url)));
  const clients = lines.map(clientOf);
  const finished = Promise.all(clients.map(({ ended }) => ended)).then(() => undefined);
  return {
    start() {
      for (const client of clients) begin(client);
    },
    finished,
    stop() {
      for (const client of clients) client.stop();
      return finished;
    },
    close() {
      for (const line of lines) line.end();
    },
  };
}
