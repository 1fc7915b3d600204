/** Starts a relay that is killed again and again. */
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { onTestFinished } from "vitest";
import { startLocally } from "../../scripts/local/runtime.ts";
import { startRelay } from "./programs.ts";

export interface KillableRelay {
  url: string;
  http: string;
  runMinuteJobs(): void;
  /** Resolves when its process is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function startKillable(
  runtime: string,
  port: number,
  state: string,
  settings: Record<string, string>,
): Promise<KillableRelay> {
  if (runtime === "workerd") return startWorkerd(port, state, settings);
  const variables = Object.entries(settings).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  const relay = await startRelay(port, state, variables, runtime);
  return { ...relay, stop: async () => void (await relay.interrupt()) };
}

/**
 * Starts the relay of `npm start` in this process. workerd, which does all of its work, is what is killed. Starting the whole program
 * costs three times as much. Other tests kill that (pull.test.ts, onward.test.ts, start.test.ts).
 */
async function startWorkerd(
  port: number,
  state: string,
  settings: Record<string, string>,
): Promise<KillableRelay> {
  const started: ChildProcess[] = [];
  const see = (message: unknown) => void started.push((message as { process: ChildProcess }).process);
  subscribe("child_process", see);
  const running = await startLocally({ port, state, settings }).finally(() =>
    unsubscribe("child_process", see),
  );
  const stop = once(() => running.stop());
  onTestFinished(stop);
  const workerd = started.find(({ spawnfile }) => spawnfile.includes("workerd"));
  if (!workerd) throw new Error("no workerd was started");
  const gone = new Promise((resolve) => workerd.once("exit", (_, signal) => resolve(signal)));
  return {
    url: `ws://localhost:${port}`,
    http: `http://localhost:${port}`,
    runMinuteJobs: () => running.runMinuteJobs(),
    stop,
    async kill() {
      // Otherwise Miniflare would start it again.
      const stopped = stop();
      workerd.kill("SIGKILL");
      const signal = await gone;
      if (signal !== "SIGKILL") throw new Error(`workerd was not killed, it ended by ${String(signal)}`);
      await stopped;
    },
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
