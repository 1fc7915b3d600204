/** Starts the relay as `npm start` does, and another relay to pull from. Each has its own process and port. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { relayProgram, SERVED_BY } from "../fixtures/relay-program.ts";

export interface RelayProgram extends Running {
  url: string;
  http: string;
  /** Runs the minute jobs now. They run by themselves only once a minute. */
  runMinuteJobs(): void;
  /** Interrupts it as Ctrl-C does. Resolves with the exit code. */
  interrupt(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Starts the relay. Resolves when it prints `ready`. It ends with the test at the latest. */
export async function startRelay(
  port: number,
  state: string,
  args: string[] = [],
  servedBy = SERVED_BY,
): Promise<RelayProgram> {
  // A test of the relay by itself would be counted too, if it happened to be due.
  const quiet = ["--var", "PROBE_INTERVAL=0"];
  const [program, first] = relayProgram(servedBy);
  const running = start(program, [...first, "--port", String(port), "--state", state, ...quiet, ...args]);
  await running.shows(`ready ws://localhost:${port}`);
  return {
    ...running,
    url: `ws://localhost:${port}`,
    http: `http://localhost:${port}`,
    runMinuteJobs: () => void running.process.kill("SIGUSR2"),
    async interrupt() {
      running.process.kill("SIGINT");
      return (await running.ended).code;
    },
    kill: () => kill(running),
  };
}

/** Starts another relay. It kills itself when it has sent `dieAfter` events. */
export async function startUpstream(port: number, file: string, dieAfter = 0): Promise<Running> {
  const running = startNode("tests/peers/upstream-relay.ts", [String(port), file, String(dieAfter)]);
  await running.shows("ready");
  return running;
}

export async function kill(running: Running): Promise<void> {
  running.process.kill("SIGKILL");
  await running.ended;
}

/** Kills a program that has its own process group, and all that it has started. */
export async function killGroup(running: Running): Promise<void> {
  const { pid, exitCode, signalCode } = running.process;
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
  await running.ended;
}

/** Returns a folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tributary-e2e-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** Asks until the answer satisfies, and returns it. If that does not happen in time, throws with the last answer. */
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
  return start(process.execPath, [join(ROOT, script), ...args]);
}

function start(program: string, args: string[]): Running {
  const running = startProgram(program, args, { cwd: ROOT });
  onTestFinished(() => kill(running));
  return running;
}
