/** Cloudflare's command line tool, as this project installs it. */
import { execFile, type ExecFileException } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { oneLine } from "./printing.ts";
import { CommandError } from "./usage.ts";

/** Resolves with standard output; rejects with what wrangler says is wrong. */
export type Wrangler = (args: string[]) => Promise<string>;

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** In the project's folder, and without questions: there is nobody to answer. */
export async function runWrangler(args: string[], env: Record<string, string> = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1", WRANGLER_SEND_METRICS: "false", ...env },
    });
    return stdout;
  } catch (error) {
    const { stderr = "", signal, code } = error as ExecFileException;
    // The error's own message is no help: it is the whole command line.
    const said = errorIn(stderr) || `it said nothing, and ended with ${signal ?? code}`;
    throw new CommandError(`wrangler ${commandOf(args)} failed: ${said}`);
  }
}

/** Without options: their values may be nobody's business. */
function commandOf(args: string[]): string {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  return args.slice(0, end < 0 ? args.length : end).join(" ");
}

/** What follows the first mark of an error; warnings come before it, and the place of the log after it. */
function errorIn(stderr: string): string {
  const text = stripVTControlCharacters(stderr);
  const [, ...errors] = text.split("[ERROR]");
  return oneLine(errors.join(" ").split("🪵")[0] || text).trim();
}
