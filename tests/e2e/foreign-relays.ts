/** Relays that other projects wrote in other languages. The first use on a machine builds one, which takes up to a minute. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { built, installed } from "../fixtures/foreign-programs.ts";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { eventually, kill, killGroup, startUpstream } from "./programs.ts";

const PEERS = join(ROOT, "tests/peers");

export interface ForeignRelay {
  name: string;
  /** The program that this machine needs. */
  tool: string;
  /** Whether it speaks NIP-77. */
  comparesSets: boolean;
  /** Starts it, and builds it if that was not done before. Its events are in the folder. Returns how to kill it. */
  start(port: number, folder: string): Promise<() => Promise<void>>;
}

/** @nostr-relay on SQLite, of the npm registry. */
const NOSTR_RELAY: ForeignRelay = {
  name: "@nostr-relay",
  tool: "node",
  comparesSets: false,
  async start(port, folder) {
    const running = await startUpstream(port, join(folder, "events.db"));
    return () => kill(running);
  },
};

/** khatru on badger, of the Go module proxy with NIP-77. */
const KHATRU: ForeignRelay = {
  name: "khatru",
  tool: "go",
  comparesSets: true,
  async start(port, folder) {
    const source = join(PEERS, "khatru");
    const program = built("khatru", [join(source, "go.sum"), join(source, "main.go")], (target) =>
      execFileSync("go", ["build", "-o", target, "."], { cwd: source }),
    );
    return started(startProgram(program, [String(port), folder], { cwd: ROOT, isGroup: true }), port);
  },
};

/** nostr-relay on SQLite, of PyPI. */
const PYTHON_RELAY: ForeignRelay = {
  name: "nostr-relay",
  tool: "python3",
  comparesSets: false,
  async start(port, folder) {
    const program = installed("nostr-relay", join(PEERS, "nostr_relay/requirements.txt"));
    const config = join(folder, "config.yaml");
    writeFileSync(config, pythonConfig(port, join(folder, "events.sqlite")));
    const args = ["--config", config, "serve"];
    // It writes a socket into the home folder.
    const options = { cwd: folder, isGroup: true, env: { HOME: folder } };
    return started(startProgram(program, args, options), port);
  },
};

export const FOREIGN_RELAYS = [NOSTR_RELAY, KHATRU, PYTHON_RELAY];

/** Waits until a relay answers. Returns how to kill it. */
async function started(running: Running, port: number): Promise<() => Promise<void>> {
  const stop = () => killGroup(running);
  onTestFinished(stop);
  const headers = { accept: "application/nostr+json" };
  const answers = () =>
    fetch(`http://127.0.0.1:${port}`, { headers }).then(
      ({ ok }) => ok,
      () => false,
    );
  const failed = running.ended.then(({ stderr }) => Promise.reject(new Error(stderr)));
  await Promise.race([eventually(answers, (isUp) => isUp), failed]);
  return stop;
}

function pythonConfig(port: number, file: string): string {
  return `
storage:
  sqlalchemy.url: sqlite+aiosqlite:///${file}
  validators:
    - nostr_relay.validators.is_signed
gunicorn:
  bind: 127.0.0.1:${port}
  workers: 1
authentication:
  enabled: false
max_limit: 300
`;
}
