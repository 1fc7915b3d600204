/** Requests over HTTP that no ordinary client sends. `npm run serve` answers them alike on Node, Bun and Deno. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { relayProgram } from "../fixtures/relay-program.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { kill } from "./programs.ts";

const WEBSOCKET = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
];
const H2C = [
  "Connection: Upgrade, HTTP2-Settings",
  "Upgrade: h2c",
  "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
];
const HOST = "Host: localhost";
const without = (name: string) => WEBSOCKET.filter((line) => !line.startsWith(name));

describe.each(["node", "bun", "deno"])("served by %s", (runtime) => {
  let port: number;
  let relay: Running;

  beforeAll(async () => {
    const [program, args] = relayProgram(runtime);
    port = await freePort();
    const state = mkdtempSync(join(tmpdir(), "tributary-e2e-"));
    const options = ["--port", String(port), "--state", state, "--var", "PROBE_INTERVAL=0"];
    relay = startProgram(program, [...args, ...options], { cwd: ROOT });
    await relay.shows("ready");
    return async () => {
      await kill(relay);
      rmSync(state, { recursive: true });
    };
  });

  test.each<[what: string, lines: string[], status: number]>([
    ["without a Host, as old health checks ask", ["GET /health HTTP/1.0"], 200],
    ["which offers HTTP/2, as Java and curl do", ["GET /health HTTP/1.1", HOST, ...H2C], 200],
    [
      "with a body, which offers HTTP/2",
      ["POST /api/v1/events HTTP/1.1", HOST, ...H2C, "Content-Length: 0"],
      400,
    ],
    ["for a WebSocket", ["GET / HTTP/1.1", HOST, ...WEBSOCKET], 101],
    ["for a WebSocket at another path", ["GET /other HTTP/1.1", HOST, ...WEBSOCKET], 404],
    ["for a WebSocket without a key", ["GET / HTTP/1.1", HOST, ...without("Sec-WebSocket-Key")], 400],
    [
      "for a WebSocket of another version",
      ["GET / HTTP/1.1", HOST, ...without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"],
      426,
    ],
    ["for a WebSocket with another method", ["HEAD / HTTP/1.1", HOST, ...WEBSOCKET], 400],
  ])("a request %s", async (_what, lines, status) => {
    const answer = await ask(port, lines);
    expect(answer.split("\r\n")[0]).toMatch(new RegExp(`^HTTP/1\\.[01] ${status}\\b`));
  });

  test.each(["[", "a b]/[", "u:p@relay.example:99999"])(
    "the host %s shows nobody the code of the relay",
    async (host) => {
      for (const [path, more] of [
        ["/health", []],
        ["/api/v1/events", []],
        ["/", WEBSOCKET],
      ] as const) {
        const answer = await ask(port, [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...more]);
        expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
        expect(answer).not.toMatch(/\.mjs|\.ts\b|<!doctype/i);
      }
      expect(relay.stderr()).toBe("");
    },
  );
});

/** Returns the beginning of the answer to a request of these lines. */
function ask(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "localhost", () => socket.write(`${lines.join("\r\n")}\r\n\r\n`));
    onTestFinished(() => void socket.destroy());
    socket.once("error", reject);
    socket.once("data", (bytes) => resolve(bytes.toString()));
    socket.once("close", () => resolve(""));
  });
}
