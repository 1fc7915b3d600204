/** A hub in a Durable Object. It only translates the platform's calls. */
import { DurableObject } from "cloudflare:workers";
import { unixSeconds } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import { refusedUpgrade } from "../platforms/connecting.ts";
import { hubWiring } from "../platforms/hub-wiring.ts";
import { BLOCKED_ADDRESS } from "../relay/access/moderation-snapshot.ts";
import { Hub } from "../relay/session/hub.ts";
import { isIdle, type Quiet } from "../relay/limits/idle.ts";
import type { Session, Socket } from "../relay/session/session.ts";
import type { Delivery, OtherDelivery } from "../relay/live/switchboard.ts";
import { Alarm } from "./alarm.ts";
import { clientAddress } from "./client-address.ts";
import { CountsAlarm } from "./counts-alarm.ts";
import { database, size } from "./database.ts";
import { Hibernation, type SocketMemory } from "./hibernation.ts";
import { IdleWatch } from "./idle-watch.ts";
import { theSwitchboard } from "./objects.ts";
import { HubStreams } from "./streams.ts";
import { hubTelemetry, spendLimit } from "./telemetry.ts";
import { report } from "../platforms/report.ts";

const full = () => new Response("this hub is full", { status: 503 });

export class HubObject extends DurableObject<RelayEnv> {
  private readonly hub: Hub;
  private readonly hibernation: Hibernation;
  private readonly sessions = new Map<WebSocket, Session>();
  private readonly memories = new Map<WebSocket, SocketMemory>();
  private readonly alarms: Alarm;
  private readonly idleWatch: IdleWatch;
  private readonly telemetry: ReturnType<typeof hubTelemetry>;
  private readonly countsAlarm: CountsAlarm;
  private readonly streams: HubStreams;
  private readonly capacity: number;
  /** RELAY_URL. If it is empty, the address that a client connected to is used. */
  private readonly address: string;

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    const config = configOf(env);
    this.capacity = config.HUB_CAPACITY;
    this.address = config.RELAY_URL;
    this.alarms = new Alarm(ctx.storage);
    this.countsAlarm = new CountsAlarm(this.alarms, 1000 * config.COUNTS_INTERVAL);
    this.telemetry = hubTelemetry(
      () => this.countsAlarm.begin(Date.now()),
      () => ({ of: this.hub.deps.name, values: this.hub.gauges }),
    );
    this.hibernation = new Hibernation(ctx.storage, report);
    this.idleWatch = new IdleWatch(this.alarms);
    this.hub = new Hub({
      ...hubWiring({ config, database, size, telemetry: this.telemetry }),
      name: ctx.id.name ?? ctx.id.toString(),
      spendLimit,
      switchboard: {
        declare: (declaration) => {
          this.countRequest();
          return theSwitchboard().declare(declaration);
        },
        publish: (publications, origin) => {
          this.countRequest();
          return theSwitchboard().publish(publications, origin);
        },
      },
      memory: this.hibernation,
      background: (work) => ctx.waitUntil(work),
    });
    this.streams = new HubStreams(this.hub, (work) => ctx.waitUntil(work));
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    const open = ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
    for (const { socket, memory, identity, records } of this.hibernation.restore(open)) {
      this.sessions.set(socket, this.hub.open(this.outgoing(socket), memory, identity, records));
      this.memories.set(socket, memory);
    }
  }

  /** Handles a WebSocket upgrade, or serves a stream to the Worker. 503: this hub is full, try the next one. */
  override async fetch(request: Request): Promise<Response> {
    if (this.isFull) return full();
    if (request.headers.get("upgrade") === null) {
      await this.join();
      return this.streams.answer(request);
    }
    const ip = clientAddress(request);
    const limited = this.hub.refusalOf(ip) ?? this.hub.crowding(ip);
    if (limited) return refusedUpgrade(limited);
    const parent = request.headers.get("traceparent") ?? undefined;
    const attributes = { hub: this.hub.deps.name, "network.protocol.name": "websocket" };
    const { tracer } = this.telemetry;
    const response = await tracer.span("connect", { parent, kind: "server", attributes }, async (span) => {
      const answer = await this.accept(request, ip);
      span.set("http.response.status_code", answer.status);
      return answer;
    });
    this.flush();
    return response;
  }

  private async accept(request: Request, ip: string | undefined): Promise<Response> {
    const refusal = await this.refuseConnection(ip);
    if (refusal) return refusal;
    // The hub may have become full meanwhile.
    if (this.isFull) return full();
    const crowding = this.hub.crowding(ip);
    if (crowding) return refusedUpgrade(crowding);
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    // Without the query: it does not change which relay this is.
    const addresses = [this.address || originOf(request).replace(/^http/, "ws")];
    const identity = { challenge: crypto.randomUUID(), isChallenged: false, addresses, ip, keys: [] };
    const memory = this.hibernation.begin(server, identity);
    this.sessions.set(server, this.hub.welcome(this.outgoing(server), memory, identity));
    this.memories.set(server, memory);
    this.hear(server);
    this.telemetry.metrics.add("relay_connect_counts", { source: "websocket" });
    this.countRequest();
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const session = this.sessions.get(socket);
    if (session) await this.hub.receive(session, frame);
    this.hear(socket);
    this.flush();
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    answerClose(socket, code, reason);
    this.end(socket);
  }

  override webSocketError(socket: WebSocket): void {
    answerClose(socket, 1011, "");
    this.end(socket);
  }

  /** Sends counts, and closes connections that are silent and have no subscription. */
  override async alarm(): Promise<void> {
    this.alarms.hasFired();
    const now = unixSeconds();
    const quiet: Quiet[] = [];
    for (const [socket, session] of this.sessions) {
      if (session.subscriptions.size > 0) continue;
      const signs = this.signsOf(socket, now);
      if (!isIdle(signs, now)) quiet.push(signs);
      else {
        this.hub.endIdle(session);
        this.forget(socket);
      }
    }
    if (this.countsAlarm.isDue(Date.now())) await this.telemetry.sendCounts();
    this.flush();
    await this.idleWatch.goOn(quiet, now);
  }

  /** When it resolves, all earlier decisions of the operators are in effect at this hub. */
  async reloadModeration(): Promise<void> {
    await this.hub.reloadModeration();
    this.flush();
    // A decision may have ended subscriptions.
    for (const socket of this.sessions.keys()) this.watchIfIdle(socket);
  }

  async deliver(delivery: Delivery | OtherDelivery): Promise<void> {
    this.countRequest();
    await this.hub.deliver(delivery);
    this.flush();
  }

  private get isFull(): boolean {
    return this.hub.size >= this.capacity || this.hub.isFull;
  }

  private async refuseConnection(ip: string | undefined): Promise<Response | undefined> {
    try {
      await this.join();
      if (await this.hub.admits(ip)) return undefined;
      return refusedUpgrade(BLOCKED_ADDRESS);
    } catch (error) {
      report(error);
      // Not 503, because another hub would fail too.
      return new Response("the relay cannot reach its database; try again", { status: 500 });
    }
  }

  /** Joins the switchboard, once. This is before the hub reads anything whose changes the switchboard announces. */
  private async join(): Promise<void> {
    if (this.hibernation.hasJoined()) return;
    this.countRequest();
    await theSwitchboard().join(this.hub.deps.name);
    this.hibernation.keepJoined();
  }

  /**
   * Ends a session. A socket that closed while the hub was asleep has no session. Its interest is withdrawn when the
   * switchboard next sends something for it.
   */
  private end(socket: WebSocket): void {
    this.forget(socket);
    this.flush();
  }

  private forget(socket: WebSocket): void {
    const session = this.sessions.get(socket);
    if (session) this.hub.close(session);
    this.sessions.delete(socket);
    this.memories.delete(socket);
  }

  private signsOf(socket: WebSocket, now: number): Quiet {
    const memory = this.memories.get(socket);
    // A socket from an earlier deployment has no time. Its silence counts from now.
    if (memory?.heardAt === undefined) memory?.hear(now);
    const pingedAt = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime();
    return {
      heardAt: memory?.heardAt ?? now,
      pingedAt: pingedAt === undefined ? undefined : pingedAt / 1000,
    };
  }

  /** Records that the client has connected or sent something. */
  private hear(socket: WebSocket): void {
    this.memories.get(socket)?.hear(unixSeconds());
    this.watchIfIdle(socket);
  }

  private watchIfIdle(socket: WebSocket): void {
    if (this.sessions.get(socket)?.subscriptions.size !== 0) return;
    const beginning = this.idleWatch.begin(unixSeconds());
    if (beginning) this.ctx.waitUntil(beginning.catch(report));
  }

  /** Counts a request of an object: of this one, or of one that it calls. */
  private countRequest(): void {
    this.telemetry.metrics.add("object_requests_total", { source: "websocket" });
  }

  private flush(): void {
    this.telemetry.flush((work) => this.ctx.waitUntil(work));
  }

  /** Wraps a socket. Sending to a closed socket is not an error: the platform reports the close. */
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

/** The runtime has normalized the address of a request. To parse it again takes a tenth of the time of a connection. */
function originOf({ url }: Request): string {
  return url.slice(0, url.indexOf("/", url.indexOf("://") + "://".length));
}

/** RFC 6455, 7.4.1: codes that a Close frame never carries. */
const NEVER_SENT = [1004, 1005, 1006, 1015];
/** RFC 6455, 5.5: a Close frame has 125 bytes, and its code takes two. */
const MAX_REASON_BYTES = 123;

/**
 * Sends the Close frame that the client waits for (RFC 6455, 5.5.1). workerd answers for sockets that a Worker accepted
 * (`web_socket_auto_reply_to_close`), and never for those that may hibernate. Does nothing for a socket that the relay
 * closed first.
 */
function answerClose(socket: WebSocket, code: number, reason: string): void {
  const isSendable = code >= 1000 && code < 5000 && !NEVER_SENT.includes(code);
  // Invalid UTF-8 was replaced by a longer sequence, so the reason may have become too long.
  const isShort = new TextEncoder().encode(reason).length <= MAX_REASON_BYTES;
  try {
    socket.close(isSendable ? code : 1000, isShort ? reason : "");
  } catch (error) {
    // Continue: the session must still end.
    report(error);
  }
}
