/** `npm run serve` with clients that misbehave, on Node, Bun and Deno. */
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { headersFrom, relayProgram } from "../fixtures/relay-program.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { kill, temporaryFolder } from "./programs.ts";

const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: localhost",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  "",
  "",
].join("\r\n");
/** A service manager waits longer than this before it kills. Docker waits 10 s. */
const LONGEST_STOP = 8000;

describe.each(["node", "bun", "deno"])("served by %s", (runtime) => {
  const [program, args] = relayProgram(runtime);
  const begin = (port: number, more: string[] = []): Running => {
    const state = join(temporaryFolder(), "state");
    const options = ["--port", String(port), "--state", state, "--var", "PROBE_INTERVAL=0"];
    const running = startProgram(program, [...args, ...options, ...more], { cwd: ROOT });
    onTestFinished(() => kill(running));
    return running;
  };

  test("clients that reset the connection while it opens end nothing; those that never leave do not delay the stop", async () => {
    const port = await freePort();
    const relay = begin(port);
    await relay.shows("ready");
    for (const path of ["/", "/other"]) {
      for (let n = 0; n < 30; n += 1) {
        const socket = await open(port);
        socket.write(UPGRADE.replace("GET /", `GET ${path}`));
        if (n % 2 === 0) await new Promise((next) => setTimeout(next, n / 5));
        socket.resetAndDestroy();
      }
    }
    // No Close frame is ever answered.
    const silent = await open(port);
    silent.write(UPGRADE);
    expect(await firstLine(silent)).toBe("HTTP/1.1 101 Switching Protocols");
    const stream = await open(port);
    stream.write("GET /api/v1/stream?kinds=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await firstLine(stream)).toMatch(/^HTTP\/1.1 200 /);
    const unfinished = await open(port);
    unfinished.write("POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{");
    expect((await fetch(`http://localhost:${port}/health/ready`)).status).toBe(200);
    relay.process.kill("SIGTERM");
    const began = Date.now();
    const { code, stderr } = await relay.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(Date.now() - began).toBeLessThan(LONGEST_STOP);
  });

  test("a client that floods gets its answers, and is told why it is disconnected", async () => {
    const port = await freePort();
    await begin(port, ["--var", "RATE_LIMIT=1000"]).shows("ready");
    const socket = new WebSocket(`ws://localhost:${port}`, { headers: headersFrom("203.0.113.66") });
    onTestFinished(() => socket.terminate());
    await new Promise((open, failed) => socket.once("open", open).once("error", failed));
    const answers: string[] = [];
    socket.on("message", (data: Buffer) => answers.push(data.toString()));
    const closed = new Promise((resolve) =>
      socket.once("close", (code, reason) => resolve([code, reason.toString()])),
    );
    for (let n = 0; n < 300; n += 1) socket.send('["REQ","s",{}]');
    const refusal = /rate-limited: too many requests; retry in \d+ s/;
    expect(await closed).toEqual([1008, expect.stringMatching(refusal)]);
    expect(answers.at(-1)).toMatch(refusal);
  });

  test("an event stream stays open although nothing happens", async () => {
    const port = await freePort();
    await begin(port).shows("ready");
    const response = await fetch(`http://localhost:${port}/api/v1/stream?kinds=1`);
    const isAlive = (text: string) => text.split("\n").some((line) => line.startsWith(":"));
    let text = "";
    // A comment is a sign of life. The first comes after 15 s.
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(bytes).toString();
      if (isAlive(text)) break;
    }
    expect(isAlive(text)).toBe(true);
  });

  test("a port that is in use is one line", async () => {
    const port = await freePort();
    await begin(port).shows("ready");
    const { code, stderr } = await begin(port).ended;
    expect(stderr).toBe(`port ${port} is in use: choose another, such as --port ${port + 1}\n`);
    expect(code).toBe(1);
  });
});

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, "localhost", () => resolve(socket));
    socket.once("error", reject);
    onTestFinished(() => void socket.destroy());
  });
}

async function firstLine(socket: Socket): Promise<string | undefined> {
  const bytes = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  return bytes.toString().split("\r\n")[0];
}
