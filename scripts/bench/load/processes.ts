/** What the processes of a relay use, from Linux's /proc. Other systems have no figures. */
import { readdirSync, readFileSync } from "node:fs";

/** Linux shows CPU time in hundredths of a second to programs, whatever its own clock is. */
const TICK_MILLISECONDS = 10;
const KILOBYTE = 1024;

export interface Used {
  cpuMilliseconds: number;
  /** Bytes of resident memory. Memory that several processes share counts in each. */
  memory: number;
}

/** Returns what a process and its descendants use; undefined if that cannot be known. */
export function usedBy(pid: number | undefined): Used | undefined {
  if (pid === undefined || process.platform !== "linux") return undefined;
  const all = processes();
  const tree = [pid];
  for (const parent of tree) tree.push(...all.filter((one) => one.parent === parent).map((one) => one.pid));
  const found = all.filter((one) => tree.includes(one.pid));
  if (found.length === 0) return undefined;
  return {
    cpuMilliseconds: found.reduce((sum, { ticks }) => sum + ticks * TICK_MILLISECONDS, 0),
    memory: found.reduce((sum, one) => sum + memoryOf(one.pid), 0),
  };
}

interface Process {
  pid: number;
  parent: number;
  ticks: number;
}

function processes(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`);
      // The name, in brackets, may contain anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return stat === ""
        ? []
        : [{ pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
    });
}

function memoryOf(pid: number): number {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) * KILOBYTE;
}

/** Returns a file of /proc. Empty if the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return "";
    throw error;
  }
}
