/** The relay @nostr-relay on better-sqlite3, another project in TypeScript. Its packages are installed at the first use. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../../shared/usage.ts";
import { type CorpusOptions, storedEvents } from "../corpus/corpus.ts";
import { bytesOf, filledCopy } from "./filled.ts";
import { freePort } from "./free-port.ts";
import { runProgram, startProgram } from "./program.ts";
import type { Say, StartedRelay } from "./started.ts";

export const NOSTR_RELAY = "nostr-relay";

const FOLDER = fileURLToPath(new URL("../peer/", import.meta.url));
const DATABASE = "events.sqlite";
/** It has no NIP-11 document. It does not answer COUNT. */
const NIPS = new Set([1, 9, 50]);

export async function startNostrRelay(corpus: CorpusOptions, say: Say): Promise<StartedRelay> {
  if (!existsSync(join(FOLDER, "node_modules/.package-lock.json"))) {
    say(`${NOSTR_RELAY}: installing it, with npm ci in scripts/bench/peer`);
    await runProgram("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], FOLDER);
  }
  const node = nodeOfSqlite();
  const about = `@nostr-relay ${versionOf("@nostr-relay/core")}, better-sqlite3 ${versionOf("better-sqlite3")}, Node ${node.version}`;
  const state = await filledCopy({ name: NOSTR_RELAY, parts: [about], corpus }, async (directory) => {
    say(`${NOSTR_RELAY}: storing ${corpus.count} events`);
    await runProgram(node.path, ["fill.js", join(directory, DATABASE)], FOLDER, lines(corpus));
  });
  const bytes = bytesOf(state.directory, (file) => file.startsWith(DATABASE));
  const port = await freePort();
  say(`${NOSTR_RELAY}: starting it`);
  const args = ["relay.js", String(port), join(state.directory, DATABASE)];
  const program = await startProgram(node.path, args, FOLDER);
  return {
    name: NOSTR_RELAY,
    about,
    url: `ws://127.0.0.1:${port}/`,
    pid: program.pid,
    nips: NIPS,
    hasHttpApi: false,
    bytes,
    async stop() {
      await program.stop();
      state.remove();
    },
  };
}

function* lines(corpus: CorpusOptions): Generator<string> {
  for (const event of storedEvents(corpus)) yield `${JSON.stringify(event)}\n`;
}

/** Returns a Node that can load better-sqlite3: npm may have built it for another Node than the one that runs this. */
function nodeOfSqlite(): { path: string; version: string } {
  const others = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  for (const path of [process.execPath, ...others.filter((file) => existsSync(file))]) {
    try {
      const load = 'new (require("better-sqlite3"))(":memory:"); console.log(process.versions.node)';
      const output = execFileSync(path, ["-e", load], { cwd: FOLDER, stdio: ["ignore", "pipe", "ignore"] });
      return { path, version: output.toString().trim() };
    } catch {
      // The next one may be able to.
    }
  }
  throw new CommandError(`no Node can load better-sqlite3: remove ${FOLDER}node_modules and try again`);
}

function versionOf(name: string): string {
  const { version } = JSON.parse(
    readFileSync(join(FOLDER, "node_modules", name, "package.json"), "utf8"),
  ) as {
    version: string;
  };
  return version;
}
