/** The tools of an attack: connections and requests from a few addresses, and a count of the answers. */
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { headersFrom } from "../../fixtures/relay-program.ts";
import { kindOfAnswer, Peer } from "./peer.ts";

export interface Attack {
  name: string;
  /**
   * The attackers must have got one of these answers. This shows that the attack does what its name says. Empty for
   * attacks that get no answer.
   */
  answered: string[];
  /** How much memory workerd may use meanwhile, if that is more than for other attacks. */
  mostBytes?: number;
  /** Starts the attack. It goes on until the program ends. */
  run(attackers: Attackers): Promise<void> | void;
}

/** Maximum number of unanswered messages of one connection. */
const MOST_UNANSWERED = 64;

export class Attackers {
  readonly port: number;
  /** How often each answer came, and how often connections failed or closed. */
  readonly counts = new Map<string, number>();
  private readonly network: string;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 40 });

  /** `network` is the first three bytes of their addresses. */
  constructor(port: number, network: string) {
    this.port = port;
    this.network = network;
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Returns the headers of a client at one of the five addresses, 0 to 4. */
  headers(at = 0): Record<string, string> {
    return headersFrom(`${this.network}.${(at % 5) + 1}`);
  }

  /** Returns these headers as HTTP/1.1 has them, each with its line end. */
  headerLines(at = 0): string {
    return Object.entries(this.headers(at))
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("");
  }

  dial(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, "localhost", () => {
        socket.off("error", reject).on("error", () => this.count("socket error"));
        resolve(socket);
      });
      // Set before the connection opens. Without a listener, a refusal of the relay would end this program.
      socket.once("error", reject).on("close", () => this.count("closed"));
    });
  }

  /** Connects. Resolves when the relay has answered, with a WebSocket or with a refusal. */
  async peer(at = 0, headers = ""): Promise<Peer> {
    const socket = await this.dial();
    socket.write(this.upgrade(at, headers));
    const peer = await new Promise<Peer>((resolve) => {
      const onData = (data: Buffer) => {
        const end = data.indexOf("\r\n\r\n") + 4;
        this.count(`HTTP ${data.toString("latin1", 9, 12)}`);
        socket.off("data", onData);
        const peer = new Peer(socket);
        peer.onAnswer = (head) => this.count(kindOfAnswer(head));
        if (data.toString("latin1", 9, 12) !== "101") socket.destroy();
        else if (end < data.length) socket.unshift(data.subarray(end));
        resolve(peer);
      };
      socket.on("data", onData);
      socket.once("close", () => resolve(new Peer(socket)));
    });
    return peer;
  }

  upgrade(at = 0, headers = ""): string {
    return (
      `GET / HTTP/1.1\r\nHost: localhost:${this.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `${this.headerLines(at)}${headers}` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
  }

  /** Opens connections from the five addresses in turn. */
  peers(count: number): Promise<Peer[]> {
    return many(count, (n) => this.peer(n));
  }

  /**
   * Opens connections that each act every `milliseconds`. A connection pauses while 64 of its messages are unanswered, so
   * that a slow machine is not attacked harder than a fast one. If the relay ends a connection, it is opened again, at most
   * ten times a second. `first` is the address of the first connection.
   */
  async flood(
    connections: number,
    milliseconds: number,
    act: (peer: Peer, n: number) => void,
    first = 0,
  ): Promise<void> {
    const peers = await many(connections, (n) => this.peer(first + n));
    peers.forEach((_, at) => {
      let [isOpening, turns] = [false, 0];
      every(milliseconds, () => {
        const peer = peers[at] as Peer;
        if (peer.isOpen) {
          if (peer.unanswered < MOST_UNANSWERED) act(peer, (turns += 1));
        } else if (!isOpening) {
          isOpening = true;
          setTimeout(() => {
            void this.peer(first + at)
              .then((opened) => (peers[at] = opened))
              .catch(() => this.count("refused connection"))
              .finally(() => (isOpening = false));
          }, 100);
        }
      });
    });
  }

  /** Sends a request. Resolves when the whole answer has been read. */
  http(at: number, path: string, { method = "GET", headers = {}, body }: Http = {}): Promise<void> {
    return new Promise((resolve) => {
      const asked = request({
        host: "localhost",
        port: this.port,
        agent: this.agent,
        path,
        method,
        headers: { ...this.headers(at), ...headers },
      });
      asked.on("response", (answer) => {
        this.count(`HTTP ${answer.statusCode}`);
        answer.on("close", resolve).resume();
      });
      asked.on("error", () => {
        this.count("HTTP error");
        resolve();
      });
      asked.end(body);
    });
  }

  /** Keeps this many requests in flight from each address. Each of them is repeated at most 50 times a second. */
  askOverHttp(inFlight: number, ask: (at: number) => Promise<void>): void {
    for (let at = 0; at < 5; at += 1) for (let n = 0; n < inFlight; n += 1) void again(() => ask(at));
  }
}

export interface Http {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

async function again(ask: () => Promise<void>): Promise<never> {
  for (;;) {
    await ask();
    await new Promise((next) => setTimeout(next, 20));
  }
}

export function every(milliseconds: number, act: () => void): void {
  act();
  setInterval(act, milliseconds);
}

export function many<T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => make(n)));
}

export function list<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}
