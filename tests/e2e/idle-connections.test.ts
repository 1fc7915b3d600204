/** Most connections say nothing for hours. Their hub hibernates, and wakes when one of them wants an event. */
import { execFileSync } from "node:child_process";
import { type Event, finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { startInspected } from "./inspected-relay.ts";

/** `npm test` opens a few. More take longer, and then it says how much memory each takes. */
const ASKED = process.env["CONNECTIONS"];
const CONNECTIONS = Number(ASKED ?? 300);
const OPENED_AT_ONCE = 50;
/** Connections whose own author publishes something. */
const SAMPLE = 50;
/** A hub hibernates when it has had nothing to do for ten seconds. In milliseconds. */
const HIBERNATION = { timeout: 120_000, interval: 1000 };
const ANSWER = { timeout: 120_000, interval: 20 };

/** A connection with two subscriptions: one that all have, and one of an author that nobody else has. */
interface Client {
  secret: Uint8Array;
  socket: WebSocket;
  /** The events: each as its subscription and its id. */
  received: string[];
  endsOfStored: number;
  isClosed: boolean;
}

const TIMEOUT = 240_000 + 100 * CONNECTIONS;

test(
  `a hub with ${CONNECTIONS} idle connections hibernates, and no subscription is lost`,
  { timeout: TIMEOUT },
  async () => {
    const { url, heap } = await startInspected({
      RATE_LIMIT: "off",
      MAX_HUBS: "1",
      HUB_CAPACITY: "32000",
      MAX_CONNECTIONS: "32000",
    });
    const empty = { heap: await heap(), resident: residentBytes() };
    const clients: Client[] = [];
    while (clients.length < CONNECTIONS) {
      const more = Math.min(OPENED_AT_ONCE, CONNECTIONS - clients.length);
      clients.push(...(await Promise.all(Array.from({ length: more }, () => subscribe(url)))));
    }
    const awake = { heap: await heap(), resident: residentBytes() };
    const asleep = await vi.waitFor(async () => {
      const now = await heap();
      expect(now - empty.heap).toBeLessThan((awake.heap - empty.heap) * 0.7);
      return now;
    }, HIBERNATION);

    const toAll = anEvent(generateSecretKey(), [["t", "all"]]);
    const toOne = clients.slice(0, SAMPLE).map(({ secret }) => anEvent(secret, []));
    for (const event of [toAll, ...toOne]) await publish(url, event);
    for (const [n, client] of clients.entries()) {
      const wanted = [`all ${toAll.id}`, ...(toOne[n] ? [`own ${toOne[n].id}`] : [])];
      await vi.waitFor(() => expect(client.received.toSorted()).toEqual(wanted), ANSWER);
      expect(client.isClosed).toBe(false);
    }
    if (ASKED === undefined) return;
    const each = (bytes: number) => `${Math.round(bytes / CONNECTIONS).toLocaleString("en")} bytes`;
    console.log(`A connection with two subscriptions takes
${each(awake.heap - empty.heap)} of the hub's heap,
${each(asleep - empty.heap)} of heap while the hub hibernates, and
${each(awake.resident - empty.resident)} of workerd's memory in all.`);
  },
);

async function subscribe(url: string): Promise<Client> {
  const secret = generateSecretKey();
  // With compression, zlib takes 250 kB of workerd's memory for each connection.
  const socket = new WebSocket(url, { perMessageDeflate: false });
  onTestFinished(() => socket.terminate());
  const client: Client = { secret, socket, received: [], endsOfStored: 0, isClosed: false };
  socket.on("message", (data: Buffer) => {
    const [verb, subscription, event] = JSON.parse(data.toString()) as [string, string, Event];
    if (verb === "EOSE") client.endsOfStored += 1;
    if (verb === "EVENT") client.received.push(`${subscription} ${event.id}`);
  });
  socket.on("close", () => void (client.isClosed = true));
  await new Promise((open, failed) => socket.once("open", open).once("error", failed));
  const filters = {
    all: { "#t": ["all"], kinds: [1] },
    own: { authors: [getPublicKey(secret)], kinds: [1] },
  };
  for (const [id, filter] of Object.entries(filters)) socket.send(JSON.stringify(["REQ", id, filter]));
  await vi.waitFor(() => expect(client.endsOfStored).toBe(2), ANSWER);
  return client;
}

function anEvent(secret: Uint8Array, tags: string[][]): Event {
  return finalizeEvent({ kind: 1, created_at: Math.floor(Date.now() / 1000), tags, content: "" }, secret);
}

/** Publishes over HTTP, so that only a delivery can wake the hub. */
async function publish(url: string, event: Event): Promise<void> {
  const headers = { "content-type": "application/json" };
  const to = `${url.replace("ws", "http")}/api/v1/events`;
  const response = await fetch(to, { method: "POST", headers, body: JSON.stringify(event) });
  expect(response.ok, await response.text()).toBe(true);
}

/** Returns the bytes of memory of workerd, a child of this process; 0 where `ps` does not tell. */
function residentBytes(): number {
  if (ASKED === undefined) return 0;
  const processes = execFileSync("ps", ["-o", "rss=,comm=", "--ppid", String(process.pid)]).toString();
  return 1024 * Number(/(\d+) workerd/.exec(processes)?.[1] ?? 0);
}
