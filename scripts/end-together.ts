/** workerd goes on, and keeps its port, when whoever started it is killed. A watcher sees to it that it ends too. */
import { type ChildProcess, spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** Runs until its standard input ends, which it does with this process, however that ends. */
const WATCHER = `
process.stdin.resume().on("end", () => {
  try {
    process.kill(Number(process.argv[1]), "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
});`;

/** Every process whose program is called `name` and that `work` starts ends with this one. */
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
