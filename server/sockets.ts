/** Clients' WebSockets, on Node, Bun and Deno alike: crossws calls these hooks. */
import type { Hooks, Message, Peer } from "crossws";
import type { Hub } from "../relay/session/hub.ts";
import { reasonFor } from "../store/database/database.ts";
import type { RateLimiter } from "../relay/limits/rate-limiter.ts";
import { QuietCloses } from "./quiet-closes.ts";
import type { Connection, Hubs } from "./hubs.ts";
import type { Telemetry } from "../platforms/workers.ts";
import { refuseHandshake } from "./readable-request.ts";
import { allHubsFull, refuseAttempt, refusedUpgrade } from "../platforms/connecting.ts";

interface SocketsDeps {
  hubs: Hubs;
  /** RELAY_URL. If it is empty, the address that a client connected to is used. */
  address: string;
  /** Returns the client's address; undefined for a client on this machine. */
  addressOf(request: Request): string | undefined;
  limiter: RateLimiter;
  /** Keeps work alive until the server stops. The work must not reject. */
  background(work: Promise<void>): void;
  telemetry: Pick<Telemetry, "metrics" | "tracer">;
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
  /** Refuses new connections from now on. Resolves when no socket is open any more. */
  closed(): Promise<void>;
}

export function createSockets(deps: SocketsDeps): Sockets {
  const { hubs } = deps;
  const connections = new Map<Peer, Connection>();
  const quiet = "Deno" in globalThis ? new QuietCloses() : undefined;
  let isEmpty: (() => void) | undefined;
  const close = (peer: Peer, code: number, reason: string) =>
    quiet ? quiet.close(peer, code, reason) : peer.close(code, reason);
  const end = (peer: Peer) => {
    const connection = connections.get(peer);
    if (connection) hubs.close(connection);
    connections.delete(peer);
    if (connections.size === 0) isEmpty?.();
  };
  const hooks: Partial<Hooks> = {
    async upgrade(request) {
      deps.telemetry.metrics.add("invocations_total", { source: "websocket" });
      if (isEmpty)
        return new Response("the relay restarts", { status: 503, headers: { "retry-after": "5" } });
      const refused = refuseHandshake(request as Request);
      if (refused) return refused;
      try {
        const opening = await admit(request as Request, deps);
        return opening instanceof Response ? opening : { context: { ...opening } };
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
      if (crowding) return close(peer, 1013, crowding.reason);
      if (isEmpty) return close(peer, 1012, "the relay restarts");
      let connection: Connection;
      const socket = {
        send: (frame: string) => void peer.send(frame),
        close: (code: number, reason: string) => close(peer, code, reason),
        pingedAt: () => connection.pingedAt,
        unread: () => peer.bufferedAmount,
      };
      connection = hubs.open(hub, socket, { ip, addresses });
      connections.set(peer, connection);
    },
    message(peer, message) {
      quiet?.hear(peer);
      const connection = connections.get(peer);
      if (!connection) return;
      // As on Workers, where the platform answers without waking the hub.
      if (message.rawData === "ping") {
        hubs.ping(connection);
        peer.send("pong");
        return;
      }
      deps.background(hubs.receive(connection, frameOf(message)).catch(deps.report));
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

/** Returns where a new connection goes, or why it is refused. Rejects if the database does not answer. */
async function admit(request: Request, deps: SocketsDeps): Promise<Opening | Response> {
  const ip = deps.addressOf(request);
  const refused = await refuseAttempt(request, { ip, limiter: deps.limiter });
  if (refused) return refused;
  const attributes = { "network.protocol.name": "websocket" };
  return deps.telemetry.tracer.span("connect", { kind: "server", attributes }, async (span) => {
    const admission = await deps.hubs.admit(ip);
    if (admission === "full" || "refusal" in admission) {
      const answer = admission === "full" ? allHubsFull() : refusedUpgrade(admission.refusal);
      span.set("http.response.status_code", answer.status);
      return answer;
    }
    span.set("hub", admission.hub.deps.name);
    span.set("http.response.status_code", 101);
    const address = deps.address || new URL(request.url).origin.replace(/^http/, "ws");
    return { hub: admission.hub, ip, addresses: [address] };
  });
}

/** Returns a message as the hub takes it. Node's bytes are a part of a larger buffer, which may hold those of others. */
function frameOf(message: Message): string | ArrayBuffer {
  const { rawData } = message;
  return typeof rawData === "string" ? rawData : message.uint8Array().slice().buffer;
}
