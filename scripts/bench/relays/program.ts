/** Starts the program of a relay, and ends it with this one. */
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CommandError, messageOf } from "../../shared/usage.ts";

export interface Program {
  pid: number;
  stop(): Promise<void>;
}

const LAST_LINES = 5;

/** Resolves when the program prints a line that begins with `ready`. Rejects with what it said if it ends before. */
export async function startProgram(node: string, args: string[], cwd: string): Promise<Program> {
  const child = spawn(node, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  let said = "";
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      process.removeListener("exit", kill);
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    const take = (text: string) => {
      said = (said + text).slice(-10_000);
      if (/^ready/m.test(said)) resolve();
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.once("error", (error) => reject(new CommandError(`cannot start ${node}: ${messageOf(error)}`)));
    void ended.then(() => {
      const last = said.trim().split("\n").slice(-LAST_LINES).join(" ");
      reject(new CommandError(`${args[0]} in ${cwd} ended before it was ready: ${last}`));
    });
  });
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Runs a program to its end, with this input. Its error output is shown. Rejects if it fails. */
export async function runProgram(
  program: string,
  args: string[],
  cwd: string,
  input: Iterable<string> = [],
): Promise<void> {
  const child = spawn(program, args, { cwd, stdio: ["pipe", "ignore", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(new CommandError(`cannot start ${program}: ${messageOf(error)}`)));
    child.once("close", resolve);
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  // If it ends before it has read everything, its exit status says so.
  const written = pipeline(Readable.from(input), child.stdin).catch(() => undefined);
  const code = await ended.finally(() => process.removeListener("exit", kill));
  await written;
  if (code !== 0) throw new CommandError(`${program} ${args.join(" ")} in ${cwd} ended with ${code}`);
}
