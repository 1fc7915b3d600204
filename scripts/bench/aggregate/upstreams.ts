/** Three relays that hold the same events for the most part. They answer a REQ from memory: by time and limit alone. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Event } from "../../../nostr/event.ts";

/** Of the events of an upstream, so many of five are on all of them. */
const SHARED_OF_FIVE = 4;
const UPSTREAMS = 3;
/** The most events of one answer, as strfry has it. */
const MOST = 500;

export interface Upstreams {
  urls: string[];
  /** Events that they have sent so far. */
  sent(): number;
  /** How many events they hold together, each copy counted. */
  held: number;
  stop(): Promise<void>;
}

/** Returns which events each upstream holds. `events` are newest first, and each is on one upstream or on all. */
export function sharesOf(events: readonly Event[]): Event[][] {
  // Of seven events four are shared: each upstream has these and one of its own.
  const round = SHARED_OF_FIVE + UPSTREAMS;
  return Array.from({ length: UPSTREAMS }, (_, upstream) =>
    events.filter((_event, at) => at % round < SHARED_OF_FIVE || at % round === SHARED_OF_FIVE + upstream),
  );
}

export async function startUpstreams(events: readonly Event[]): Promise<Upstreams> {
  const shares = sharesOf(events);
  let sent = 0;
  const servers = await Promise.all(
    shares.map((share) =>
      startUpstream(share, (count) => {
        sent += count;
      }),
    ),
  );
  return {
    urls: servers.map(({ url }) => url),
    sent: () => sent,
    held: shares.reduce((sum, { length }) => sum + length, 0),
    async stop() {
      await Promise.all(servers.map(({ stop }) => stop()));
    },
  };
}

async function startUpstream(events: readonly Event[], sends: (count: number) => void) {
  const texts = events.map((event) => JSON.stringify(event));
  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const [verb, id, filter] = JSON.parse(data.toString()) as [string, string, Asked];
      if (verb !== "REQ") return;
      const found = answer(events, filter);
      for (const at of found) socket.send(`["EVENT",${JSON.stringify(id)},${texts[at]}]`);
      sends(found.length);
      say(socket, ["EOSE", id]);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

interface Asked {
  since?: number;
  until?: number;
  limit?: number;
}

/** Returns the places of the newest events of a time. */
function answer(events: readonly Event[], { since = 0, until = Infinity, limit = MOST }: Asked): number[] {
  const found: number[] = [];
  for (const [at, { created_at }] of events.entries()) {
    if (created_at < since || found.length >= Math.min(limit, MOST)) break;
    if (created_at <= until) found.push(at);
  }
  return found;
}

function say(socket: WebSocket, message: unknown[]): void {
  socket.send(JSON.stringify(message));
}
