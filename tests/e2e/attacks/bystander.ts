/**
 * Two normal clients during an attack. Every 50 ms one publishes, and the other reads and gets the live event. Each has
 * its own address and stays within its allowance. A single client would use up most of an allowance in 20 seconds.
 */
import { readFileSync } from "node:fs";
import { WebSocket } from "ws";
import { headersFrom } from "../../fixtures/relay-program.ts";
import { publicKeyOf, signed } from "./events.ts";

const PAUSE_MILLISECONDS = 50;
/** How long a client waits for an answer. */
const PATIENCE_MILLISECONDS = 60_000;
const EVENTS_READ = 5;

/** How long an answer took, in milliseconds. */
export interface Time {
  byClock: number;
  /** Without the time in which the relay or this program waited for a processor that other programs used. */
  ofRelay: number;
  /** The time that the relay's process worked meanwhile, on this answer and on all others. */
  ofWork: number;
}

/**
 * Sends requests for some milliseconds, and returns when all are answered. A round begins when it is due and does not
 * wait for the answers of the round before. So a relay that hangs gets as many requests as one that answers. `pid` is the
 * relay's. `network` is the first three bytes of the clients' addresses.
 */
export async function measure(
  url: string,
  network: string,
  milliseconds: number,
  pid: number,
): Promise<Time[]> {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const events = Array.from({ length: Math.ceil(milliseconds / PAUSE_MILLISECONDS) }, (_, n) =>
    signed({ created_at: secondsIn(n * PAUSE_MILLISECONDS), content: `${n}` }, secret),
  );
  using client = await Bystanders.connect(url, network);
  await client.listen(publicKeyOf(secret));
  const rounds: Promise<Time[]>[] = [];
  const begin = performance.now();
  for (const [n, event] of events.entries()) {
    const early = begin + n * PAUSE_MILLISECONDS - performance.now();
    await new Promise((next) => setTimeout(next, Math.max(0, early)));
    const taken = stopwatch(pid);
    const round = Promise.all([
      client.publish(event).then(taken),
      client.delivered(event.id).then(taken),
      client.read(`r${n}`).then(taken),
    ]);
    // Promise.all below throws the failure after the last round.
    round.catch(() => undefined);
    rounds.push(round);
  }
  return (await Promise.all(rounds)).flat();
}

/** Returns the time in so many milliseconds, in Unix seconds. */
function secondsIn(milliseconds: number): number {
  return Math.floor((Date.now() + milliseconds) / 1000);
}

function stopwatch(pid: number): () => Time {
  const [begin, relay, own] = [performance.now(), scheduleOf(pid), scheduleOf(process.pid)];
  return () => {
    const byClock = performance.now() - begin;
    const { worked, waited } = scheduleOf(pid);
    const others = Math.max(waited - relay.waited, scheduleOf(process.pid).waited - own.waited);
    return { byClock, ofRelay: Math.max(0, byClock - others), ofWork: worked - relay.worked };
  };
}

/** Times of the main thread of a process so far, in milliseconds. */
export interface Schedule {
  worked: number;
  /** Time in which it waited for a processor. */
  waited: number;
}

export function scheduleOf(pid: number): Schedule {
  const [worked, waited] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
  return { worked: Number(worked) / 1e6, waited: Number(waited) / 1e6 };
}

/** Returns a percentile. `part` is 0.99 for the 99th. */
export function percentile(times: Time[], part: number, by: keyof Time): number {
  const sorted = times.map((time) => time[by]).toSorted((a, b) => a - b);
  return Math.round(sorted[Math.ceil(sorted.length * part) - 1] ?? Number.NaN);
}

class Bystanders {
  private readonly publishing: WebSocket;
  private readonly reading: WebSocket;
  private readonly awaited = new Map<string, (text: string) => void>();
  private readonly found = new Map<string, number>();

  static async connect(url: string, network: string): Promise<Bystanders> {
    const open = (address: string) =>
      new Promise<WebSocket>((opened, failed) => {
        const socket = new WebSocket(url, {
          headers: headersFrom(address),
          perMessageDeflate: false,
          handshakeTimeout: PATIENCE_MILLISECONDS,
        });
        socket.once("open", () => opened(socket)).once("error", failed);
      });
    return new Bystanders(await open(`${network}.100`), await open(`${network}.101`));
  }

  private constructor(publishing: WebSocket, reading: WebSocket) {
    [this.publishing, this.reading] = [publishing, reading];
    publishing.on("message", (data: Buffer) => {
      const text = data.toString();
      this.awaited.get(/^\["OK","([^"]*)"/.exec(text)?.[1] ?? "")?.(text);
    });
    reading.on("message", (data: Buffer) => {
      const text = data.toString();
      const [, verb, name = ""] = /^\["([A-Z]+)","([^"]*)"/.exec(text) ?? [];
      if (verb !== "EVENT") this.awaited.get(name)?.(text);
      else if (name !== "live") this.found.set(name, (this.found.get(name) ?? 0) + 1);
      else this.awaited.get(`live ${/"id":"([0-9a-f]{64})"/.exec(text)?.[1]}`)?.(text);
    });
  }

  async listen(author: string): Promise<void> {
    const answer = this.answer("live");
    this.reading.send(JSON.stringify(["REQ", "live", { authors: [author], limit: 0 }]));
    await answer;
  }

  async publish(event: ReturnType<typeof signed>): Promise<void> {
    this.publishing.send(JSON.stringify(["EVENT", event]));
    const answer = await this.answer(event.id);
    if (!answer.startsWith(`["OK","${event.id}",true,`)) throw new Error(answer);
  }

  async delivered(id: string): Promise<void> {
    await this.answer(`live ${id}`);
  }

  async read(name: string): Promise<void> {
    this.reading.send(JSON.stringify(["REQ", name, { kinds: [1, 6], limit: EVENTS_READ }]));
    const answer = await this.answer(name);
    if (!answer.startsWith(`["EOSE","${name}"`)) throw new Error(answer);
    // Events that are published meanwhile may come too.
    const found = this.found.get(name) ?? 0;
    if (found < EVENTS_READ) throw new Error(`${found} events were read, not ${EVENTS_READ}`);
    this.reading.send(JSON.stringify(["CLOSE", name]));
  }

  [Symbol.dispose](): void {
    this.publishing.terminate();
    this.reading.terminate();
  }

  /** Rejects if no answer came. */
  private answer(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer to ${name} in ${PATIENCE_MILLISECONDS} ms`)),
        PATIENCE_MILLISECONDS,
      );
      this.awaited.set(name, (text) => {
        clearTimeout(timer);
        this.awaited.delete(name);
        resolve(text);
      });
    });
  }
}
