/** The relay as `npm start` runs it, and another relay to pull from: processes of their own, on ports of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";

export interface RelayProgram extends Running {
  url: string;
  http: string;
  /** As Ctrl-C does. */
  interrupt(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Resolves when it prints that it is ready. It ends with the test at the latest. */
export async function startRelay(port: number, state: string, args: string[] = []): Promise<RelayProgram> {
  const running = startNode("scripts/start.ts", ["--port", String(port), "--state", state, ...args]);
  await running.shows(`ready ws://localhost:${port}`);
  return {
    ...running,
    url: `ws://localhost:${port}`,
    http: `http://localhost:${port}`,
    async interrupt() {
      running.process.kill("SIGINT");
      return (await running.ended).code;
    },
    kill: () => kill(running),
  };
}

/** `dieAfter`: it kills itself when it has sent so many events. */
export async function startUpstream(port: number, file: string, dieAfter = 0): Promise<Running> {
  const running = startNode("tests/e2e/upstream-relay.ts", [String(port), file, String(dieAfter)]);
  await running.shows("ready");
  return running;
}

/** Resolves when the attack is under way. */
export async function startHostileClients(port: number, attack: string): Promise<Running> {
  const running = startNode("tests/e2e/hostile-clients.ts", [String(port), attack]);
  await running.shows("attacking");
  return running;
}

export async function kill(running: Running): Promise<void> {
  running.process.kill("SIGKILL");
  await running.ended;
}

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tributary-e2e-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "localhost", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Asks until the answer satisfies; fails, with the last answer, when it never does. */
export async function eventually<T>(
  ask: () => Promise<T>,
  satisfies: (answer: T) => boolean,
  milliseconds = 240_000,
): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)?.slice(0, 500)}`);
    await new Promise((next) => setTimeout(next, 250));
  }
}

function startNode(script: string, args: string[]): Running {
  const running = startProgram(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT });
  onTestFinished(() => kill(running));
  return running;
}
