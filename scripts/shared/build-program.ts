/** Runs a program that builds something which is not in the repository. `npm ci` has run it; this is for what comes after. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "./usage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `node SCRIPT ARGS…`. Rejects if it fails; it has printed why. */
export function runBuildProgram(script: string, args: string[] = []): Promise<void> {
  return new Promise((resolve, reject) => {
    const program = spawn(process.execPath, [join(ROOT, script), ...args], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    program.once("error", reject);
    program.once("close", (code) =>
      code === 0 ? resolve() : reject(new CommandError(`${script} failed: see the message above`)),
    );
  });
}
