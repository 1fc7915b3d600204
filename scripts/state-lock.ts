/** Two runs must not share one state directory: each database there has one writer. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError, messageOf } from "./usage.ts";

export function lockState(directory: string): Disposable {
  const file = join(directory, "lock");
  try {
    mkdirSync(directory, { recursive: true });
    takeOver(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`--state ${directory} cannot be used: ${messageOf(error)}`);
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

/** The lock of a process that was killed counts for nothing. */
function takeOver(file: string): void {
  const owner = Number(readIfThere(file));
  if (owner > 0 && owner !== process.pid && isRunning(owner)) {
    throw new CommandError(
      `another relay (process ${owner}) uses this state directory: stop it, or choose --state DIR`,
    );
  }
  writeFileSync(file, String(process.pid));
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
