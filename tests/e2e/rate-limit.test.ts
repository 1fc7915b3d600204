/** The allowance of one address, and what happens when it is used up. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { connect, query } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { headersFrom } from "../fixtures/relay-program.ts";
import { startRelay, temporaryFolder } from "./programs.ts";

test("who asks for too much is refused in time, also after reconnecting, and others are not", async () => {
  const port = await freePort();
  const relay = await startRelay(port, join(temporaryFolder(), "state"), ["--var", "RATE_LIMIT=1000"]);
  const hostile = await connectFrom(relay.url, "203.0.113.66");
  expect(await hostile.askUntil("CLOSED")).toMatch(/^rate-limited: .*retry in \d+ s$/);
  for (let n = 0; n < 200; n += 1) hostile.socket.send('["REQ","s",{}]');
  expect(await hostile.askUntil("CLOSED")).toMatch(/^rate-limited: /);
  hostile.socket.terminate();
  await expect(connectFrom(relay.url, "203.0.113.66")).rejects.toThrow("429");
  const other = await connectFrom(relay.url, "203.0.113.67");
  expect(await other.askUntil("EOSE")).toBe("s");
  const local = await connect(relay.url);
  for (let n = 0; n < 200; n += 1) await query(local, { limit: 1 });
});

/** Connects from an address. */
async function connectFrom(url: string, ip: string) {
  const socket = new WebSocket(url, { headers: headersFrom(ip) });
  onTestFinished(() => socket.terminate());
  await new Promise((open, failed) => socket.once("open", open).once("error", failed));
  return {
    socket,
    /** Sends REQs until one is answered with this verb. Returns the last part of the answer: a reason, or the id. */
    async askUntil(verb: string): Promise<unknown> {
      for (;;) {
        const answer = new Promise<unknown[]>((resolve) => {
          socket.on("message", (data: Buffer) => {
            const frame = JSON.parse(data.toString()) as unknown[];
            if (frame[0] === "CLOSED" || frame[0] === "EOSE") resolve(frame);
          });
        });
        socket.send('["REQ","s",{}]');
        const frame = await answer;
        socket.removeAllListeners("message");
        if (frame[0] === verb) return frame.at(-1);
      }
    },
  };
}
