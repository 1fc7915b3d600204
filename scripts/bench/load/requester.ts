/** HTTP clients that send one request after the other. */
import { Agent, request } from "node:http";
import { httpUrl } from "../../shared/relay-option.ts";
import { messageOf } from "../../shared/usage.ts";
import { type Load, PATIENCE_MILLISECONDS, type Relay } from "./measure.ts";
import type { Meter } from "./meter.ts";

export interface Request {
  /** Without a leading slash. */
  path: string;
  accept: string;
  /** Returns what is wrong with an answer, and how many events it has. */
  check(body: string): { problem: string | undefined; events: number };
}

export async function requesters(
  relay: Relay,
  meter: Meter,
  requests: readonly Request[],
  connections: number,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const stopped = new AbortController();
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => void (finish = resolve));
  const client = async (first: number) => {
    for (let n = first; !stopped.signal.aborted; n += 1) {
      const one = requests[n % requests.length] as Request;
      const begun = performance.now();
      try {
        const body = await bodyOf(agent, httpUrl(relay.url, one.path), one.accept);
        const { problem, events } = one.check(body);
        meter.answered(begun, events);
        meter.checked(problem);
      } catch (error) {
        meter.failed(messageOf(error));
      }
    }
  };
  return {
    start() {
      const clients = Array.from({ length: connections }, (_, at) =>
        client(Math.floor((at * requests.length) / connections)),
      );
      void Promise.all(clients).then(finish);
    },
    finished,
    stop() {
      stopped.abort();
      return finished;
    },
    close: () => agent.destroy(),
  };
}

function bodyOf(agent: Agent, url: string, accept: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers: { accept }, timeout: PATIENCE_MILLISECONDS }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => void chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    sent.once("timeout", () => sent.destroy(new Error("no answer within 30 s")));
    sent.once("error", reject);
    sent.end();
  });
}
