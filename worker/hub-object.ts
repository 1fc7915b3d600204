/** A hub in a Durable Object: translates the platform's calls, and nothing else. */
import { DurableObject } from "cloudflare:workers";
import { verifySignature } from "../nostr/signature.ts";
import { Hub } from "../relay/hub.ts";
import type { Session, Socket } from "../relay/session.ts";
import type { Delivery } from "../relay/switchboard.ts";
import { createModerationStore } from "../store/moderation.ts";
import { createStore } from "../store/sql-store.ts";
import { configOf } from "./config.ts";
import { Hibernation } from "./hibernation.ts";
import { hubTelemetry } from "./telemetry.ts";
import { report } from "../platforms/workers.ts";

const full = () => new Response("this hub is full", { status: 503 });

export class HubObject extends DurableObject<RelayEnv> {
  private readonly hub: Hub;
  private readonly hibernation: Hibernation;
  private readonly sessions = new Map<WebSocket, Session>();
  private readonly telemetry: ReturnType<typeof hubTelemetry>;
  private readonly capacity: number;
  /** From the configuration; without it a client's own address for this relay holds. */
  private readonly address: string;

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    const config = configOf(env);
    this.capacity = config.HUB_CAPACITY;
    this.address = config.RELAY_URL;
    this.telemetry = hubTelemetry(env, config);
    this.hibernation = new Hibernation(ctx.storage, report);
    const switchboard = env.SWITCHBOARD.getByName("switchboard");
    this.hub = new Hub({
      name: ctx.id.name ?? ctx.id.toString(),
      config,
      store: createStore(env.DB),
      moderation: createModerationStore(env.DB),
      verify: verifySignature,
      now: () => Math.floor(Date.now() / 1000),
      switchboard: {
        declare: (declaration) => switchboard.declare(declaration),
        publish: (publications, origin) => switchboard.publish(publications, origin),
      },
      memory: this.hibernation,
      background: (work) => ctx.waitUntil(work),
      pause: (milliseconds) => scheduler.wait(milliseconds),
      report,
      metrics: this.telemetry.metrics,
      tracer: this.telemetry.tracer,
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    const open = ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
    for (const { socket, memory, identity, records } of this.hibernation.restore(open)) {
      this.sessions.set(socket, this.hub.open(this.outgoing(socket), memory, identity, records));
    }
  }

  /** A WebSocket upgrade: 503 when this hub is full, and the next one should be tried. */
  override async fetch(request: Request): Promise<Response> {
    if (this.isFull) return full();
    const ip = request.headers.get("cf-connecting-ip") ?? undefined;
    const limited = this.hub.refusalOf(ip);
    if (limited) {
      return new Response(`${limited.prefix}: ${limited.reason}`, {
        status: 429,
        headers: { "retry-after": String(limited.seconds) },
      });
    }
    const refusal = await this.refuseConnection(ip);
    if (refusal) return refusal;
    // Others may have come meanwhile.
    if (this.isFull) return full();
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    // Without the query, which changes nothing of what this relay is.
    const addresses = [this.address || new URL(request.url).origin.replace(/^http/, "ws")];
    const identity = { challenge: crypto.randomUUID(), addresses, ip, keys: [] };
    const memory = this.hibernation.begin(server, identity);
    this.sessions.set(server, this.hub.welcome(this.outgoing(server), memory, identity));
    this.telemetry.metrics.add("relay_connect_counts", "websocket");
    this.ctx.waitUntil(this.telemetry.flush());
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const session = this.sessions.get(socket);
    if (session) await this.hub.receive(session, frame);
    this.ctx.waitUntil(this.telemetry.flush());
  }

  override webSocketClose(socket: WebSocket): void {
    this.end(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.end(socket);
  }

  /** What the operators decided before this call holds here when it resolves. */
  reloadModeration(): Promise<void> {
    return this.hub.reloadModeration();
  }

  async deliver(delivery: Delivery): Promise<void> {
    await this.hub.deliver(delivery);
    this.ctx.waitUntil(this.telemetry.flush());
  }

  private get isFull(): boolean {
    return this.hub.size >= this.capacity || this.hub.isFull;
  }

  private async refuseConnection(ip: string | undefined): Promise<Response | undefined> {
    try {
      await this.join();
      if (await this.hub.admits(ip)) return undefined;
      return new Response("connections from this address are not taken", { status: 403 });
    } catch (error) {
      report(error);
      // Not 503: another hub would fare no better.
      return new Response("the relay cannot reach what it needs, try again", { status: 500 });
    }
  }

  /** Once and for ever, and before anything is read that the switchboard would have to tell the change of. */
  private async join(): Promise<void> {
    if (this.hibernation.hasJoined()) return;
    await this.env.SWITCHBOARD.getByName("switchboard").join(this.hub.deps.name);
    this.hibernation.keepJoined();
  }

  /**
   * A socket that closed while the hub was asleep is not among those restored, and there is nothing left to close: what
   * it wanted is withdrawn when the switchboard sends it.
   */
  private end(socket: WebSocket): void {
    const session = this.sessions.get(socket);
    if (session) this.hub.close(session);
    this.sessions.delete(socket);
    this.ctx.waitUntil(this.telemetry.flush());
  }

  /** A socket that has gone is no error of whoever sends: the platform tells of its closing. */
  private outgoing(socket: WebSocket): Socket {
    return {
      send: (frame) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(frame);
      },
      close: (code, reason) => socket.close(code, reason),
      pingedAt: () => this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime(),
    };
  }
}
