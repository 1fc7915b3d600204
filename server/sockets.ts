/** Clients' WebSockets, on Node, Bun and Deno alike: crossws calls these hooks. */
import type { Hooks, Peer } from "crossws";
import type { Hub } from "../relay/session/hub.ts";
import { reasonFor } from "../store/database.ts";
import type { TooMuch } from "../relay/limits/rate-limiter.ts";
import type { Connection, Hubs } from "./hubs.ts";
import { notAdmitted } from "./not-admitted.ts";
import { refusalResponse } from "../http/refusal.ts";

interface SocketsDeps {
  hubs: Hubs;
  /** RELAY_URL. If it is empty, the address that a client connected to is used. */
  address: string;
  /** Returns the client's address; undefined for a client on this machine. */
  addressOf(request: Request): string | undefined;
  /** Returns why this client may not connect now; undefined if it may. */
  refuse(request: Request): TooMuch | undefined;
  report(error: unknown): void;
}

/** What is known of a connection before it opens. */
interface Opening {
  hub: Hub;
  ip: string | undefined;
  addresses: string[];
}

export interface Sockets {
  hooks: Partial<Hooks>;
  /** Resolves when no socket is open any more. */
  closed(): Promise<void>;
}

export function createSockets(deps: SocketsDeps): Sockets {
  const { hubs } = deps;
  const connections = new Map<Peer, Connection>();
  let isEmpty = () => undefined as void;
  const end = (peer: Peer) => {
    const connection = connections.get(peer);
    if (connection) hubs.close(connection);
    connections.delete(peer);
    if (connections.size === 0) isEmpty();
  };
  const hooks: Partial<Hooks> = {
    async upgrade(request) {
      const refusal = deps.refuse(request as Request);
      if (refusal) return refusalResponse(refusal);
      if (new URL(request.url).pathname !== "/")
        return new Response("WebSockets connect at the path /", { status: 404 });
      const ip = deps.addressOf(request as Request);
      try {
        const admission = await hubs.admit(ip);
        if (admission.kind !== "hub") return notAdmitted(admission);
        const addresses = [deps.address || new URL(request.url).origin.replace(/^http/, "ws")];
        return { context: { hub: admission.hub, ip, addresses } satisfies Opening };
      } catch (error) {
        deps.report(error);
        const reason = reasonFor(error, "the relay cannot reach its database; try again");
        return new Response(reason, { status: 500 });
      }
    },
    open(peer) {
      const { hub, ip, addresses } = peer.context as unknown as Opening;
      // Others may have connected since it was admitted.
      const crowding = hub.crowding(ip);
      if (crowding) return peer.close(1013, crowding.reason);
      let connection: Connection;
      const socket = {
        send: (frame: string) => void peer.send(frame),
        close: (code: number, reason: string) => peer.close(code, reason),
        pingedAt: () => connection.pingedAt,
      };
      connection = hubs.open(hub, socket, { ip, addresses });
      connections.set(peer, connection);
    },
    async message(peer, message) {
      const connection = connections.get(peer);
      if (!connection) return;
      const frame = typeof message.rawData === "string" ? message.rawData : message.arrayBuffer();
      // As on Workers, where the platform answers without waking the hub.
      if (frame === "ping") {
        hubs.ping(connection);
        peer.send("pong");
        return;
      }
      await hubs.receive(connection, frame as string | ArrayBuffer);
    },
    close: end,
    error: end,
  };
  return {
    hooks,
    closed: () =>
      new Promise((resolve) => {
        isEmpty = resolve;
        if (connections.size === 0) resolve();
      }),
  };
}
