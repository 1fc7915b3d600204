/** What the tests of `import` and `export` share: the client as `npm run nostr` starts it, relays, and comparisons. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { linesOf } from "../../scripts/move/lines.ts";
import { openSource } from "../../scripts/move/source.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { type Ended, ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { relayProgram } from "../fixtures/relay-program.ts";
import { fillState } from "../fixtures/state-folder.ts";
import type { Random } from "../reference/generators.ts";

const FLAGS = ["--optimize-for-size", "--max-semi-space-size=1"];
const PEAK = join(ROOT, "tests/fixtures/print-peak.js");

/** Starts the client in a folder, as `npm run nostr` does. */
export function startClient(folder: string, args: string[]): Running {
  return startProgram(
    process.execPath,
    [...FLAGS, "--import", PEAK, join(ROOT, "scripts/nostr.js"), ...args],
    { cwd: folder, env: { NOSTR_SECRET_KEY: SECRET_HEX, MALLOC_ARENA_MAX: "1" } },
  );
}

export interface Measured extends Ended {
  milliseconds: number;
  /** The most memory that the process had, in MB, with all of Node. */
  peak: number;
}

export async function measured(folder: string, args: string[]): Promise<Measured> {
  const begun = performance.now();
  const ended = await startClient(folder, args).ended;
  const peak = Number(/^peak (\d+)$/m.exec(ended.stderr)?.[1]) / 1000;
  return { ...ended, milliseconds: performance.now() - begun, peak };
}

interface Interruptions {
  times: number;
  random: Random;
  /** How long a run takes from its start to its first event, and to its end, in milliseconds. */
  first: number;
  whole: number;
  isDone(): boolean;
}

/** Kills runs at random moments, then lets the last one end. Returns how often it was interrupted. */
export async function interrupted(
  folder: string,
  args: string[],
  { times, random, first, whole, isDone }: Interruptions,
): Promise<{ interruptions: number; last: Ended | undefined }> {
  for (let interruptions = 0; ; interruptions += 1) {
    if (isDone()) return { interruptions, last: undefined };
    const running = startClient(folder, args);
    if (interruptions === times) return { interruptions, last: await running.ended };
    // Together the runs take about half as long as one that is not interrupted.
    const moment = first + (random() * Math.max(0, whole - first)) / times;
    const timer = new Promise<undefined>((resolve) => setTimeout(resolve, moment));
    const ended = await Promise.race([running.ended, timer]);
    if (ended) return { interruptions, last: ended };
    running.process.kill(random() < 0.5 ? "SIGKILL" : "SIGINT");
    await running.ended;
  }
}

/** Starts the server without Workers. It ends with the test. Returns its address. */
async function startServed(state: string): Promise<string> {
  const port = String(await freePort());
  const [program, args] = relayProgram("node");
  const settings = ["PROBE_INTERVAL=0", `RELAY_ADMINS=${PUBKEY}`].flatMap((setting) => ["--var", setting]);
  const server = startProgram(program, [...args, "--port", port, "--state", state, ...settings], {
    cwd: ROOT,
  });
  onTestFinished(async () => {
    server.process.kill("SIGKILL");
    await server.ended;
  });
  await server.shows("ready");
  return `ws://localhost:${port}`;
}

/** Returns the options that name the relay of a state folder on the command line: by client, admin or state. */
export async function routeTo(route: string, state: string): Promise<string[]> {
  if (route === "state") {
    if (!existsSync(state)) await fillState(state, []);
    return ["--state", state];
  }
  return ["--relay", await startServed(state), ...(route === "admin" ? ["--admin"] : [])];
}

const EVENT = "id, pubkey, sig, created_at, kind, tags, content";

/** Returns how many events only one of two folders has, out of those that meet the condition. */
export function differences(one: string, other: string, condition: string): number {
  const db = new DatabaseSync(join(one, "relay.sqlite"), { readOnly: true });
  db.prepare("ATTACH ? AS other").run(join(other, "relay.sqlite"));
  const events = (name: string) => `SELECT ${EVENT} FROM ${name}.event WHERE ${condition}`;
  const only = (a: string, b: string) => `SELECT * FROM (${events(a)} EXCEPT ${events(b)})`;
  const sql = `SELECT count(*) AS count FROM (${only("main", "other")} UNION ALL ${only("other", "main")})`;
  const { count } = db.prepare(sql).get() as { count: number };
  db.close();
  return count;
}

export function countIn(state: string, condition: string): number {
  const db = new DatabaseSync(join(state, "relay.sqlite"), { readOnly: true });
  const { count } = db.prepare(`SELECT count(*) AS count FROM event WHERE ${condition}`).get() as {
    count: number;
  };
  db.close();
  return count;
}

/** Returns how many lines a file has, and how many different ones. */
export async function linesIn(file: string): Promise<{ lines: number; different: number }> {
  const ids = new Set<string>();
  let lines = 0;
  for await (const { bytes = new Uint8Array() } of linesOf((await openSource(file)).bytes)) {
    ids.add((JSON.parse(new TextDecoder().decode(bytes)) as { id: string }).id);
    lines += 1;
  }
  return { lines, different: ids.size };
}
