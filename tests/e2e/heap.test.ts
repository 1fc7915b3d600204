/** A Durable Object has 128 MB. Locally nobody enforces that, so the heap is measured while much is asked for. */
import { finalizeEvent, generateSecretKey } from "nostr-tools";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { connect, publishAll } from "./client.ts";
import { startInspected } from "./inspected-relay.ts";
import { headersFrom } from "../fixtures/relay-program.ts";

const EVENTS = 1000;
const READERS = 8;
const DEAF = 50;
const MOST_BYTES = 100_000_000;

test(`the heap stays under 100 MB with ${READERS} readers of ${EVENTS} large events, and ${DEAF} clients that do not read`, async () => {
  const { url, heap } = await startInspected({ MAX_LIMIT: String(EVENTS) });
  await publishAll(await connect(url), largeEvents());
  const ask = async (ip: string) => {
    const socket = new WebSocket(url, { headers: headersFrom(ip) });
    onTestFinished(() => socket.terminate());
    await new Promise((open, failed) => socket.once("open", open).once("error", failed));
    return socket;
  };
  const deaf = await Promise.all(Array.from({ length: DEAF }, (_, n) => ask(`198.51.100.${n}`)));
  for (const socket of deaf) {
    socket.pause();
    for (let n = 0; n < 3; n += 1) socket.send(request(`deaf-${n}`));
  }
  const readers = await Promise.all(Array.from({ length: READERS }, (_, n) => ask(`203.0.113.${n}`)));
  const heaps: number[] = [];
  const measuring = new AbortController();
  const measured = (async () => {
    while (!measuring.signal.aborted) heaps.push(await heap());
  })();
  const answers = await Promise.all(readers.map(answer));
  measuring.abort();
  await measured;

  for (const { events, last } of answers) {
    expect(last).toEqual(["EOSE", "reader"]);
    expect(events).toBe(EVENTS);
  }
  expect(heaps.length).toBeGreaterThan(5);
  console.log(`${heaps.length} measurements, the highest ${Math.round(Math.max(...heaps) / 1e6)} MB`);
  expect(Math.max(...heaps)).toBeLessThan(MOST_BYTES);
});

function request(id: string): string {
  return JSON.stringify(["REQ", id, { kinds: [1111], limit: EVENTS }]);
}

/** Asks, and returns how many events came and the message after them. */
function answer(socket: WebSocket): Promise<{ events: number; last: unknown }> {
  return new Promise((resolve, reject) => {
    let events = 0;
    socket.on("message", (data: Buffer) => {
      const [verb, ...rest] = JSON.parse(data.toString()) as [string, ...unknown[]];
      if (verb === "EVENT") events += 1;
      else resolve({ events, last: [verb, ...rest] });
    });
    socket.once("close", (code) => reject(new Error(`closed with ${code}`)));
    socket.send(request("reader"));
  });
}

/** Returns events of 5 kB, which a step of a read returns, and of 8.5 kB, which are loaded later. */
function largeEvents() {
  const secret = generateSecretKey();
  return Array.from({ length: EVENTS }, (_, n) =>
    finalizeEvent(
      {
        kind: 1111,
        created_at: 1_700_000_000 + n,
        tags: [],
        content: `${n} `.padEnd(n % 2 === 0 ? 5000 : 8500, "large "),
      },
      secret,
    ),
  );
}
