/**
 * Sends requests that the OpenAPI document allows, and others, to a relay that it starts (Schemathesis). Fails if the relay makes a
 * mistake (5xx), refuses what the document allows, or answers what it does not have. Takes about a minute.
 *
 *     npm run test:openapi
 *     SEED=7 SECONDS=600 npm run test:openapi
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = fileURLToPath(new URL("./", import.meta.url));
const VENV = join(ROOT, "node_modules/.cache/openapi");
const VERSION = "4.32.5";
const { SEED = "1", SECONDS = "40" } = process.env;

const program = install();
const folder = mkdtempSync(join(tmpdir(), "openapi-"));
const port = await freePort();
const settings = ["--var", "RATE_LIMIT=off"];
const relay = spawn(
  process.execPath,
  [join(ROOT, "scripts/start.js"), "--port", String(port), "--state", join(folder, "state"), ...settings],
  { stdio: "inherit" },
);
try {
  const url = `http://localhost:${port}`;
  await untilReady(url);
  const run = [
    ["--config-file", join(HERE, "schemathesis.toml"), "run", `${url}/api/v1/openapi.json`],
    ["--phases", "examples,coverage,fuzzing", "--continue-on-failure"],
    ["--seed", SEED, "--max-time", SECONDS, "--request-timeout", "10"],
  ].flat();
  const env = { ...process.env, SCHEMATHESIS_HOOKS: join(HERE, "hooks.py") };
  const { status } = spawnSync(program, run, { stdio: "inherit", cwd: folder, env });
  process.exitCode = status ?? 1;
} finally {
  relay.kill("SIGINT");
  await new Promise((ended) => relay.once("exit", ended));
  rmSync(folder, { recursive: true, force: true });
}

/** Installs Schemathesis once, into a folder of its own. Returns its program. */
function install() {
  const program = join(VENV, "bin/schemathesis");
  const isThere = existsSync(program) && run(program, "--version").stdout.includes(VERSION);
  if (isThere) return program;
  if (run("python3", "--version").status !== 0)
    fail("this test needs Python 3.10 or later: python3 was not found");
  process.stdout.write(`installing schemathesis ${VERSION} in ${VENV}\n`);
  if (run("python3", "-m", "venv", VENV).status !== 0)
    fail("python3 cannot make a virtual environment: install its venv");
  const { status, stderr } = run(join(VENV, "bin/pip"), "install", "--quiet", `schemathesis==${VERSION}`);
  if (status !== 0) fail(`pip could not install schemathesis ${VERSION}:\n${stderr}`);
  return program;
}

function run(command, ...args) {
  return spawnSync(command, args, { encoding: "utf8" });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "localhost", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function untilReady(url) {
  for (let tries = 0; tries < 120; tries += 1) {
    if (relay.exitCode !== null) throw new Error(`the relay ended with ${relay.exitCode}`);
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((later) => setTimeout(later, 500));
  }
  throw new Error("the relay is not ready after a minute");
}
