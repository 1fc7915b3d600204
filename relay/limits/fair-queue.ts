/**
 * A queue per client. The client that has been served the least is next (fair-order.ts). The work that runs at once is
 * bounded.
 */
import { FairOrder } from "./fair-order.ts";

export interface FairQueueDeps {
  /** Maximum pieces of work that run at once. */
  most: number;
  /** Maximum pieces of one client that run at once. */
  mostOfClient: number;
  /** Maximum expected cost of all running work. A single piece may cost more. */
  mostCost?: number;
  /** Maximum expected cost of the running work of one client. A single piece may cost more. */
  mostCostOfClient?: number;
  /** Added to the cost of each piece of work when clients are ordered. */
  turnCost?: number;
  /**
   * Runs between the end of one piece of work and the start of a waiting one, so that messages that arrived meanwhile are
   * read. (workerd reads its sockets only when it has nothing else to do, and locally the database is in the same process.)
   */
  breathe(): Promise<void>;
  /** Set if each piece of work belongs to a request, which may end at any time. Without it, all work ends by itself. */
  requests?: Requests;
}

/**
 * On Workers, a request that the client has left may stop in the middle of its work. A request that waits only for
 * other requests counts as hung, and the platform cancels it.
 */
export interface Requests {
  /** After this many seconds a piece of work counts as ended, and waiting work is dropped. */
  seconds: number;
  /** Unix seconds. */
  now(): number;
  /** A timer of the waiting request. It rejects when it is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

interface Running {
  client: unknown;
  cost: number;
  /** Unix seconds. */
  until: number;
}

interface Waiting {
  owner: unknown;
  cost: number;
  /** Called with the turn; undefined if the work was dropped. */
  resolve(turn: Running | undefined): void;
}

interface Client {
  running: number;
  /** The expected cost of its running work. */
  cost: number;
  waiting: Waiting[];
  /** Whether the client is in the order of clients that may start waiting work. */
  isReady: boolean;
}

/** The expected cost of work that does not give one. */
const USUAL_COST = 100;

export class FairQueue {
  private readonly deps: FairQueueDeps;
  /** Running work, in the order in which it started. */
  private readonly running = new Set<Running>();
  /** Clients with running or waiting work. */
  private readonly clients = new Map<unknown, Client>();
  /** Clients that may start waiting work. */
  private readonly ready = new FairOrder();
  private waiting = 0;
  private runningCost = 0;

  constructor(deps: FairQueueDeps) {
    this.deps = deps;
  }

  /**
   * Runs work when this client's turn comes. `client` is compared by identity. `owner` is what the work is for: the result
   * is undefined if the owner was dropped before the turn. `cost` is the expected cost.
   */
  async run<T>(
    client: unknown,
    owner: unknown,
    work: () => Promise<T>,
    cost = USUAL_COST,
  ): Promise<T | undefined> {
    const turn = await this.turnOf(client, owner, cost);
    return turn && this.hold(turn, work);
  }

  /** Like `run`, for work that is never dropped. */
  async runAlways<T>(client: unknown, work: () => Promise<T>): Promise<T> {
    const turn = await this.turnOf(client, {}, USUAL_COST);
    if (!turn) throw new Error("it waited too long for its turn");
    return this.hold(turn, work);
  }

  /** Charges the difference if a piece of work cost more (negative: less) than expected. */
  charge(client: unknown, cost: number): void {
    this.ready.charge(client, cost, this.clients.size);
  }

  private turnOf(client: unknown, owner: unknown, cost: number): Promise<Running | undefined> {
    const turn = new Promise<Running | undefined>((resolve) => {
      this.clientOf(client).waiting.push({ owner, cost, resolve });
      this.waiting += 1;
      this.mayStart(client);
      this.startNext();
    });
    return this.deps.requests ? this.dropLate(client, owner, turn, this.deps.requests) : turn;
  }

  private async dropLate(
    client: unknown,
    owner: unknown,
    turn: Promise<Running | undefined>,
    { seconds, wait }: Requests,
  ): Promise<Running | undefined> {
    const came = new AbortController();
    wait(1000 * seconds, came.signal).then(
      () => this.drop(client, owner),
      () => undefined,
    );
    return turn.finally(() => came.abort());
  }

  private async hold<T>(turn: Running, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      const ended = this.end(turn);
      // On Workers the pause would end with the request: the answer waits for it.
      if (this.deps.requests) await ended;
    }
  }

  /** Drops the waiting work of an owner. Work that has started continues. */
  drop(name: unknown, owner: unknown): void {
    const client = this.clients.get(name);
    if (!client) return;
    const dropped = client.waiting.filter((one) => one.owner === owner);
    if (dropped.length === 0) return;
    client.waiting = client.waiting.filter((one) => one.owner !== owner);
    this.waiting -= dropped.length;
    for (const { resolve } of dropped) resolve(undefined);
    this.forgetIfIdle(name, client);
  }

  private async end(turn: Running): Promise<void> {
    if (this.waiting > 0) await this.deps.breathe();
    this.giveBack(turn);
    this.startNext();
  }

  private giveBack(turn: Running): void {
    if (!this.running.delete(turn)) return;
    this.runningCost -= turn.cost;
    const client = this.clientOf(turn.client);
    client.running -= 1;
    client.cost -= turn.cost;
    this.mayStart(turn.client);
    this.forgetIfIdle(turn.client, client);
  }

  private giveBackLost(now: number): void {
    for (const turn of this.running) {
      if (turn.until > now) return;
      this.giveBack(turn);
    }
  }

  private startNext(): void {
    const { most, mostCost = Infinity, requests } = this.deps;
    const now = requests?.now() ?? 0;
    if (requests) this.giveBackLost(now);
    while (this.running.size < most) {
      const first = this.ready.first();
      if (!first) return;
      const client = this.clientOf(first.client);
      const [next] = client.waiting;
      if (next && this.running.size > 0 && this.runningCost + next.cost > mostCost) return;
      this.ready.take();
      client.isReady = false;
      // All waiting work may have been dropped.
      if (next) this.start(first.client, client, requests ? now + requests.seconds : Infinity);
      this.forgetIfIdle(first.client, client);
    }
  }

  private start(name: unknown, client: Client, until: number): void {
    const next = client.waiting.shift();
    if (!next) return;
    const { cost, resolve } = next;
    const turn = { client: name, cost, until };
    this.waiting -= 1;
    this.running.add(turn);
    this.runningCost += cost;
    client.running += 1;
    client.cost += cost;
    this.ready.charge(name, cost + (this.deps.turnCost ?? 0), this.clients.size);
    this.mayStart(name);
    resolve(turn);
  }

  /** Adds a client to the order, unless it is already there. */
  private mayStart(name: unknown): void {
    const client = this.clientOf(name);
    const [next] = client.waiting;
    if (!next || client.isReady || !this.hasRoomFor(client, next)) return;
    client.isReady = true;
    this.ready.add(name, next.cost);
  }

  private hasRoomFor({ running, cost }: Client, next: Waiting): boolean {
    const { mostOfClient, mostCostOfClient = Infinity } = this.deps;
    return running === 0 || (running < mostOfClient && cost + next.cost <= mostCostOfClient);
  }

  private forgetIfIdle(name: unknown, { running, waiting, isReady }: Client): void {
    if (running === 0 && waiting.length === 0 && !isReady) this.clients.delete(name);
  }

  private clientOf(name: unknown): Client {
    const client = this.clients.get(name) ?? { running: 0, cost: 0, waiting: [], isReady: false };
    this.clients.set(name, client);
    return client;
  }
}
