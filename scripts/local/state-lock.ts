/**
 * Locks the state directory: two runs must not share it, because each database has one writer. The lock is SQLite's lock on
 * a file that is never removed. The system releases it with the process, however that ends. It also works between containers.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CommandError, messageOf } from "../shared/usage.ts";

export function lockState(directory: string): Disposable {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Earlier versions created it so that others could read it.
    chmodSync(directory, 0o700);
    return take(directory);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const isFile = statSync(directory, { throwIfNoEntry: false })?.isFile() ?? false;
    throw new CommandError(
      `--state ${directory} cannot be used: ${isFile ? "it is a file, expected a folder" : messageOf(error)}`,
    );
  }
}

function take(directory: string): Disposable {
  const lock = new DatabaseSync(join(directory, "lock.sqlite"));
  try {
    // If several try at the same instant, the first one waits for the others to release the file.
    lock.exec("PRAGMA busy_timeout = 300");
    // Nothing is ever written, so a relay also starts if the disk is full.
    lock.exec("PRAGMA journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!isTaken(error)) throw error;
    throw new CommandError(
      `another relay${ownerOf(directory)} uses this state directory: stop it, or choose another with --state DIR`,
    );
  }
  const owner = join(directory, "pid");
  const isNamed = attempt(() => writeFileSync(owner, String(process.pid)));
  return {
    [Symbol.dispose]() {
      if (isNamed) attempt(() => rmSync(owner, { force: true }));
      lock.close();
    },
  };
}

/** Does what only messages need. Returns whether it succeeded. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

function isTaken(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

/** Returns the process id for the message. Empty if it is not written, because the other has just begun, or the disk is full. */
function ownerOf(directory: string): string {
  try {
    const pid = readFileSync(join(directory, "pid"), "utf8");
    return pid === "" ? "" : ` (process ${pid})`;
  } catch {
    return "";
  }
}
