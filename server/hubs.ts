/** The hubs of one process, and the switchboard between them. Nothing sleeps here, so nothing has to be restored. */
import type { Refusal } from "../nostr/message.ts";
import { BLOCKED_ADDRESS } from "../relay/access/moderation-snapshot.ts";
import { Hub, type HubDeps } from "../relay/session/hub.ts";
import { HubChoice } from "../relay/session/hub-choice.ts";
import type { Session, SessionMemory, Socket } from "../relay/session/session.ts";
import { announceModeration } from "../relay/live/announcement.ts";
import { type Publication, type PublishAnswer, Switchboard } from "../relay/live/switchboard.ts";
import { isIdle, type Quiet } from "../relay/limits/idle.ts";

export interface HubsDeps extends Omit<HubDeps, "name" | "switchboard" | "memory"> {
  /** Random, for the hashes of keys. */
  seed: number;
  /** Returns a random challenge (NIP-42). */
  challenge(): string;
}

/** A connection to one of the hubs. */
export interface Connection extends Quiet {
  hub: Hub;
  session: Session;
}

/** Where a new connection goes, or why it is refused. */
export type Admission = { hub: Hub } | { refusal: Refusal } | "full";

/** A process forgets its sessions when it ends, and so do its clients. */
const NO_MEMORY: SessionMemory = {
  expectMore: () => undefined,
  keep: () => undefined,
  forget: () => undefined,
  keepIdentity: () => undefined,
};

export class Hubs {
  private readonly deps: HubsDeps;
  private readonly hubs = new Map<string, Hub>();
  private readonly choice: HubChoice;
  private readonly switchboard: Switchboard;
  private readonly connections = new Set<Connection>();
  private retrying: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: HubsDeps) {
    this.deps = deps;
    this.choice = new HubChoice(deps.config.MAX_HUBS);
    const members = new Set<string>();
    this.switchboard = new Switchboard({
      deliver: (name, delivery) => this.hub(name).deliver(delivery),
      members: {
        list: () => [...members],
        add: (name) => void members.add(name),
        remove: (name) => void members.delete(name),
      },
      background: deps.background,
      now: deps.now,
      retryAt: (time) => this.retryAt(time),
      report: deps.report,
      metrics: deps.metrics,
      tracer: deps.tracer,
      seed: deps.seed,
    });
  }

  /** What rises and falls in all hubs together. */
  get gauges(): { connections: number; subscriptions: number } {
    const sums = { connections: 0, subscriptions: 0 };
    for (const { gauges } of this.hubs.values()) {
      sums.connections += gauges.connections;
      sums.subscriptions += gauges.subscriptions;
    }
    return sums;
  }

  /** Returns the hub for a new connection from this address. Charges every attempt. Rejects if the database does not answer. */
  async admit(ip: string | undefined): Promise<Admission> {
    for (const number of this.choice.candidates()) {
      const hub = this.hub(String(number));
      if (hub.size >= this.deps.config.HUB_CAPACITY || hub.isFull) continue;
      const refusal = hub.refusalOf(ip) ?? hub.crowding(ip);
      if (refusal) return { refusal };
      if (!(await hub.admits(ip))) return { refusal: BLOCKED_ADDRESS };
      this.choice.hadRoom(number);
      return { hub };
    }
    this.choice.allFull();
    return "full";
  }

  /** Opens a session. `addresses` are those of this relay that the client may have used. */
  open(
    hub: Hub,
    socket: Socket,
    { ip, addresses }: { ip: string | undefined; addresses: string[] },
  ): Connection {
    const identity = { challenge: this.deps.challenge(), isChallenged: false, addresses, ip, keys: [] };
    const session = hub.welcome(socket, NO_MEMORY, identity);
    this.deps.metrics.add("relay_connect_counts", { source: "websocket" });
    const connection = { hub, session, heardAt: this.deps.now(), pingedAt: undefined };
    this.connections.add(connection);
    return connection;
  }

  async receive(connection: Connection, frame: string | ArrayBuffer): Promise<void> {
    connection.heardAt = this.deps.now();
    await connection.hub.receive(connection.session, frame);
  }

  /** Notes that a client has sent `ping`, which the platform answers. */
  ping(connection: Connection): void {
    connection.pingedAt = this.deps.now();
  }

  close(connection: Connection): void {
    if (this.connections.delete(connection)) connection.hub.close(connection.session);
  }

  /** Closes connections that are silent and have no subscription. */
  closeIdle(): void {
    const now = this.deps.now();
    for (const connection of this.connections) {
      if (connection.session.subscriptions.size > 0 || !isIdle(connection, now)) continue;
      connection.hub.endIdle(connection.session);
      this.close(connection);
    }
  }

  /** Sends a sign of life on every event stream. */
  async beat(): Promise<void> {
    await Promise.all([...this.hubs.values()].map(({ streams }) => streams.beat()));
  }

  /** Ends all connections: the relay restarts (RFC 6455, 7.4.1: 1012). */
  endAll(): void {
    for (const connection of this.connections) {
      connection.session.end(1012, "the relay restarts");
      this.close(connection);
    }
    for (const { streams } of this.hubs.values()) streams.endAll();
    clearTimeout(this.retrying);
  }

  publish(publications: Publication[], origin?: string): PublishAnswer {
    return this.switchboard.publish(publications, origin);
  }

  /** Resolves when every hub has loaded earlier decisions of the operators. Returns the hubs that did not. */
  announce(): Promise<string[]> {
    const tell = (name: string) => this.hub(name).reloadModeration();
    return announceModeration([...this.hubs.keys()], tell, this.deps.report);
  }

  /** Returns a hub by its name, which is its number. Makes it if it is not there. */
  private hub(name: string): Hub {
    const hub = this.hubs.get(name) ?? this.create(name);
    this.hubs.set(name, hub);
    return hub;
  }

  private create(name: string): Hub {
    let position: number | undefined;
    return new Hub({
      ...this.deps,
      name,
      switchboard: {
        declare: async (declaration) => this.switchboard.declare(declaration),
        publish: async (publications, origin) => this.switchboard.publish(publications, origin),
      },
      memory: {
        position: () => position,
        keepPosition: (at) => {
          position = at;
        },
        debts: () => [],
        keepDebts: () => undefined,
      },
    });
  }

  private retryAt(time: number): void {
    clearTimeout(this.retrying);
    this.retrying = setTimeout(() => this.switchboard.retry(), Math.max(0, 1000 * (time - this.deps.now())));
  }
}
