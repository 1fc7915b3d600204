/** What hostile clients do to a relay, and what a normal one notices of it. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { freePort, kill, startHostileClients, startRelay, temporaryFolder } from "./programs.ts";

const ATTACKS = [
  "slow readers",
  "half-open sockets",
  "1,000 idle connections",
  "a flood of REQs",
  "a flood of subscription ids",
  "messages of 10 MB",
  "rapid reconnects",
];
const ATTACK_MILLISECONDS = 2500;
const MOST_MILLISECONDS = 1000;

test("a normal client is answered within a second, whatever others do", async () => {
  const port = await freePort();
  const relay = await startRelay(port, join(temporaryFolder(), "state"));
  const client = await connect(relay.url);
  const stored = someEvents(500, "stored");
  while (stored.length > 0) await publishAll(client, stored.splice(-50));
  const slowest: Record<string, number> = {};

  for (const attack of ATTACKS) {
    const hostile = await startHostileClients(port, attack);
    let answers = 0;
    for (const end = Date.now() + ATTACK_MILLISECONDS; Date.now() < end; answers += 1) {
      const [event] = someEvents(1, `${attack} ${answers}`);
      const asked = Date.now();
      await publishAll(client, [event!]);
      const published = Date.now();
      expect(await query(client, { ids: [event!.id] })).toHaveLength(1);
      slowest[attack] = Math.max(slowest[attack] ?? 0, published - asked, Date.now() - published);
    }
    expect(hostile.process.exitCode).toBeNull();
    expect(answers).toBeGreaterThan(1);
    await kill(hostile);
  }

  expect(Object.keys(slowest)).toEqual(ATTACKS);
  for (const [attack, milliseconds] of Object.entries(slowest)) {
    expect(milliseconds, attack).toBeLessThan(MOST_MILLISECONDS);
  }
});

test("who asks for too much is refused in time, also after reconnecting, and others are not", async () => {
  const port = await freePort();
  const relay = await startRelay(port, join(temporaryFolder(), "state"), ["--var", "RATE_LIMIT=1000"]);
  const hostile = await connectFrom(relay.url, "203.0.113.66");
  expect(await hostile.askUntil("CLOSED")).toMatch(/^rate-limited: .*try again in \d+ s$/);
  for (let n = 0; n < 200; n += 1) hostile.socket.send('["REQ","s",{}]');
  expect(await hostile.askUntil("CLOSED")).toMatch(/^rate-limited: /);
  hostile.socket.terminate();
  await expect(connectFrom(relay.url, "203.0.113.66")).rejects.toThrow("429");
  const other = await connectFrom(relay.url, "203.0.113.67");
  expect(await other.askUntil("EOSE")).toEqual(["finish"]);
  const local = await connect(relay.url);
  for (let n = 0; n < 200; n += 1) await query(local, { limit: 1 });
});

/** Locally the relay believes whoever says where they are. */
async function connectFrom(url: string, ip: string) {
  const socket = new WebSocket(url, { headers: { "cf-connecting-ip": ip } });
  onTestFinished(() => socket.terminate());
  await new Promise((open, failed) => socket.once("open", open).once("error", failed));
  return {
    socket,
    /** Asks until it is answered so, and gives the answer's last part. */
    async askUntil(verb: string): Promise<unknown> {
      for (;;) {
        const answer = new Promise<unknown[]>((resolve) => {
          socket.on("message", (data: Buffer) => {
            const frame = JSON.parse(data.toString()) as unknown[];
            if (frame[0] === "CLOSED" || frame[0] === "EOSE") resolve(frame);
          });
        });
        socket.send('["REQ","s",{}]');
        const [got, , last] = await answer;
        socket.removeAllListeners("message");
        if (got === verb) return last;
      }
    },
  };
}
