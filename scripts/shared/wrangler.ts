/** Runs wrangler, Cloudflare's command line tool, in the version that this project installs. */
import { execFile, type ExecFileException } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { COMPILED } from "./compiled.ts";
import { oneLine } from "./printing.ts";
import { CommandError } from "./usage.ts";

/** Changes of the environment. A variable that is undefined is removed. */
type Env = Record<string, string | undefined>;

/** Resolves with standard output. Rejects with wrangler's error message. */
export type Wrangler = (args: string[], env?: Env) => Promise<string>;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

/** Runs wrangler in the project's folder, without interactive questions. */
export async function runWrangler(args: string[], env: Env = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args], {
      cwd: ROOT,
      env: {
        NODE_COMPILE_CACHE: COMPILED,
        ...process.env,
        // What it starts, such as the build of the signature check, runs on the same Node.
        PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
        NO_COLOR: "1",
        WRANGLER_SEND_METRICS: "false",
        // Without the banner, wrangler does not ask the registry for a newer version, and JSON has nothing before it.
        WRANGLER_HIDE_BANNER: "true",
        ...env,
      },
    });
    return stdout;
  } catch (error) {
    const { stderr = "", signal, code } = error as ExecFileException;
    // The error's own message is useless: it is the whole command line.
    const said = errorIn(stderr) || `it printed nothing and ended with ${signal ?? code}`;
    throw new CommandError(inOtherWords(said) ?? `wrangler ${commandOf(args)} failed: ${said}`);
  }
}

/** Returns a wrangler that works for one account. Undefined: for the only account of the login. */
export function forAccount(account: string | undefined, run: Wrangler = runWrangler): Wrangler {
  const own = account === undefined ? {} : { CLOUDFLARE_ACCOUNT_ID: account };
  return (args, env) => run(args, { ...own, ...env });
}

/** wrangler's own messages are long, and recommend options that this project does not have. */
function inOtherWords(said: string): string | undefined {
  if (/CLOUDFLARE_API_TOKEN environment variable|not logged in/i.test(said))
    return "you are not logged in to Cloudflare: run npx wrangler login, or set CLOUDFLARE_API_TOKEN";
  const [, list] = /More than one account available.*Available accounts are \S+ \S+ (.*)/.exec(said) ?? [];
  if (list !== undefined) {
    const accounts = [...list.matchAll(/`(.*?)`: `(.*?)`/g)].map(([, name, id]) => `${id} (${name})`);
    return `your login has several Cloudflare accounts, choose one with --account ID: ${accounts.join(", ")}`;
  }
  const [page] = /https:\/\/\S+\/workers\/onboarding/.exec(said) ?? [];
  if (page !== undefined)
    return `your account has no workers.dev subdomain yet: choose one at ${page}, or give --domain`;
  return undefined;
}

/** Returns the command without its options: their values may be secret. */
function commandOf(args: string[]): string {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  return args.slice(0, end < 0 ? args.length : end).join(" ");
}

/** Returns the text after the first error mark. Before it are warnings, after it is the path of the log. */
function errorIn(stderr: string): string {
  const text = stripVTControlCharacters(stderr);
  const [, ...errors] = text.split("[ERROR]");
  return oneLine(errors.join(" ").split("🪵")[0] || text).trim();
}
