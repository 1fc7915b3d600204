/** workerd keeps running, and keeps its port, if its parent process is killed. A watcher process ends it. */
import { type ChildProcess, spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** The watcher. It waits for the end of its standard input, which closes with this process, however that ends. */
const WATCHER = `
process.stdin.resume().on("end", () => {
  try {
    process.kill(Number(process.argv[1]), "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
});`;

/** Runs `work`. Every process with the program name `name` that it starts will end with this process. */
export async function endTogether<T>(name: string, work: () => Promise<T>): Promise<T> {
  const watch = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess };
    child.once("spawn", () => {
      if (child.spawnfile.includes(name)) startWatcher(child.pid);
    });
  };
  subscribe("child_process", watch);
  try {
    return await work();
  } finally {
    unsubscribe("child_process", watch);
  }
}

function startWatcher(pid: number | undefined): void {
  const watcher = spawn(process.execPath, ["-e", WATCHER, String(pid)], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
}
