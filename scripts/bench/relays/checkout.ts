/** A checkout of this project, started as `npm start` does, with its own state and without limits for clients. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../../shared/usage.ts";
import type { CorpusOptions } from "../corpus/corpus.ts";
import { bytesOf, filledCopy, sourcesIn } from "./filled.ts";
import { abilitiesOf } from "./information.ts";
import { freePort } from "./free-port.ts";
import { type Program, runProgram, startProgram } from "./program.ts";
import type { Say, StartedRelay } from "./started.ts";

const FILL = fileURLToPath(new URL("fill-checkout.ts", import.meta.url));
/** What the stored state depends on. */
const STORE = ["migrations", "store"];
const SETTINGS = {
  RATE_LIMIT: "off",
  HUB_CAPACITY: "32000",
  MAX_CONNECTIONS: "32000",
  MAX_SILENT_BYTES: "1073741824",
  MAX_SYNC_EVENTS: "200000",
};

export async function startCheckout(given: string, corpus: CorpusOptions, say: Say): Promise<StartedRelay> {
  const [directory = "", ...settings] = given.split(",");
  const checkout = resolve(directory);
  const name = [directory === "." ? "this checkout" : directory, ...settings].join(", ");
  if (!existsSync(join(checkout, "scripts/start.ts")))
    throw new CommandError(`--relay is ${given}, which is not a checkout of this project`);
  const wanted = { name: basename(checkout), parts: sourcesIn(checkout, STORE), corpus };
  const state = await filledCopy(wanted, async (directory) => {
    say(`${name}: storing ${corpus.count} events`);
    // The relay makes the database itself.
    await (await startIn(checkout, directory)).program.stop();
    const { count, end, seed } = corpus;
    const args = [FILL, checkout, databaseIn(directory), ...[count, end, seed].map(String)];
    await runProgram(process.execPath, args, checkout);
  });
  const bytes = databaseBytesIn(state.directory);
  say(`${name}: starting it`);
  const { program, url } = await startIn(
    checkout,
    state.directory,
    settings.map((setting) => `--var=${setting}`),
  );
  return {
    name,
    about: commitOf(checkout),
    url,
    pid: program.pid,
    ...(await abilitiesOf(url)),
    bytes,
    async stop() {
      await program.stop();
      state.remove();
    },
  };
}

/** Starts a checkout with this state. */
export async function startIn(
  checkout: string,
  state: string,
  options: string[] = [],
): Promise<{ program: Program; url: string }> {
  const port = await freePort();
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  const args = ["scripts/start.ts", "--port", String(port), "--state", state, ...settings, ...options];
  const program = await startProgram(process.execPath, args, checkout);
  return { program, url: `ws://127.0.0.1:${port}/` };
}

/** Returns the bytes of the database in a state, with its log. */
export function databaseBytesIn(state: string): number {
  return bytesOf(state, (file) => file.startsWith("d1") && !file.includes("metadata"));
}

/** Returns the file of the database in a state. */
export function databaseIn(state: string): string {
  const folder = join(state, "d1/miniflare-D1DatabaseObject");
  const [file, ...others] = readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  if (file === undefined || others.length > 0) throw new CommandError(`${folder} does not have one database`);
  return join(folder, file);
}

/** Returns the version and commit of a checkout. */
export function commitOf(checkout: string): string {
  try {
    const args = ["-C", checkout, "describe", "--always", "--dirty"];
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "no commit";
  }
}
