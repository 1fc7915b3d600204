/** An upstream that holds its first answer back until the test lets it go. So a test need not wait for the minute's Cron. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Event } from "nostr-tools";
import { onTestFinished } from "vitest";
import { type RawData, WebSocketServer } from "ws";

/** Starts the upstream, which ends with the test. Every question is answered with all of these events. */
export async function startHeldUpstream(events: readonly Event[]): Promise<{ url: string; letGo(): void }> {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server }).on("connection", (socket) => {
    socket.on("message", (data: RawData) => {
      const [verb, id] = JSON.parse((data as Buffer).toString()) as [string, string];
      if (verb !== "REQ") return;
      void held.then(() => {
        for (const event of events) socket.send(JSON.stringify(["EVENT", id, event]));
        socket.send(JSON.stringify(["EOSE", id]));
      });
    });
  });
  await new Promise<void>((listening) => server.listen(0, "localhost", listening));
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  return { url: `ws://localhost:${(server.address() as AddressInfo).port}`, letGo };
}
