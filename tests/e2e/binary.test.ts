/** `npm run binary`, and the executable file that it builds: in an empty folder, with an empty environment. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { commandOf } from "../fixtures/dockerfile.ts";
import { type Ended, ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { kill, temporaryFolder } from "./programs.ts";

const VERSION = `tributary ${packageJson.version}\n`;

let folder = "";
let file = "";
let built: Ended;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-binary-"));
  file = join(folder, "tributary");
  const sources = join(folder, "sources");
  copySources(sources);
  built = await build(["--output", file], sources).ended;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Copies what `docker build` does: the files of the repository without those of .dockerignore, which git reads alike. */
function copySources(target: string): void {
  const files = (...options: string[]) =>
    execFileSync("git", ["ls-files", ...options], { cwd: ROOT, encoding: "utf8" })
      .trim()
      .split("\n");
  const ignored = new Set(files("--cached", "--ignored", "--exclude-from=.dockerignore"));
  for (const path of files("--cached", "--others", "--exclude-standard"))
    if (!ignored.has(path) && existsSync(join(ROOT, path))) cpSync(join(ROOT, path), join(target, path));
  // What npm ci makes there.
  symlinkSync(join(ROOT, "node_modules"), join(target, "node_modules"));
  cpSync(join(ROOT, "wasm/verify.wasm"), join(target, "wasm/verify.wasm"));
}

function build(args: string[], project = ROOT, env: Record<string, string> = {}): Running {
  return startProgram(process.execPath, [join(project, "scripts/binary.ts"), ...args], { cwd: project, env });
}

/** Starts the file without any variable in its environment but these. */
function start(args: string[], cwd: string, variables: string[] = []): Running {
  const running = startProgram("env", ["-i", ...variables, file, ...args], { cwd });
  onTestFinished(() => kill(running));
  return running;
}

async function served(port: number, cwd: string): Promise<Running> {
  const running = start(["serve", "--port", String(port), "--var", "PROBE_INTERVAL=0"], cwd);
  await running.shows(`ready ws://localhost:${port}`);
  return running;
}

async function ended(running: Running): Promise<Ended["code"]> {
  running.process.kill("SIGTERM");
  return (await running.ended).code;
}

test("npm run binary says what it has built", () => {
  expect(built).toMatchObject({ code: 0, stderr: "" });
  expect(built.stdout).toMatch(/\nbuilt \S+: 1[012]\d MB\n$/);
});

test("serve stores, answers and shows its pages, and goes on after a restart", async () => {
  const [port, cwd] = [await freePort(), temporaryFolder()];
  const [url, http] = [`ws://localhost:${port}`, `http://localhost:${port}`];
  const first = await served(port, cwd);
  const events = someEvents(30, "binary");
  await publishAll(await connect(url), events);
  const page = await (await fetch(`${http}/`, { headers: { accept: "text/html" } })).text();
  expect(page).toContain("</html>");
  const assets = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  expect(assets).toContain("/assets/style.css");
  for (const path of assets) expect((await fetch(http + path)).status).toBe(200);
  const document = await fetch(`${http}/`, { headers: { accept: "application/nostr+json" } });
  expect(await document.json()).toMatchObject({ version: packageJson.version });
  expect(await ended(first)).toBe(0);
  // It writes nowhere else.
  expect(readdirSync(cwd)).toEqual([".tributary-server"]);
  const second = await served(port, cwd);
  const stored = await query(await connect(url), { limit: 100 });
  expect(stored.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  expect(await ended(second)).toBe(0);
  expect(second.stderr()).toBe("");
});

test("nostr publishes, asks, exports, imports and tells whether the relay is healthy", async () => {
  const [port, cwd] = [await freePort(), temporaryFolder()];
  const url = `ws://localhost:${port}`;
  const relay = await served(port, cwd);
  const nostr = (...args: string[]) =>
    start(["nostr", ...args], cwd, [`NOSTR_SECRET_KEY=${SECRET_HEX}`]).ended;
  const at = ["--relay", url];
  expect(await nostr("publish", "hello", ...at)).toMatchObject({ code: 0 });
  expect(await nostr("req", "--authors", PUBKEY, ...at)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("hello"),
  });
  expect(await nostr("export", "events.jsonl", ...at)).toMatchObject({ code: 0 });
  expect(await nostr("import", "events.jsonl", ...at)).toMatchObject({ code: 0 });
  expect(await nostr("health", ...at)).toMatchObject({ code: 0, stdout: expect.stringContaining('"ok"') });
  expect(await ended(relay)).toBe(0);
  expect(await nostr("import", "events.jsonl", "--state", ".tributary-server")).toMatchObject({ code: 0 });
  expect(await nostr("health", ...at)).toEqual({
    code: 1,
    stdout: "",
    stderr: `no relay answers at ${url}: is it running? tributary serve --port ${port}\n`,
  });
});

test("the commands of the Dockerfile serve, and ask whether the relay is healthy", async () => {
  const [port, cwd] = [await freePort(), temporaryFolder()];
  const [, ...serve] = commandOf("ENTRYPOINT");
  const [, ...health] = commandOf("HEALTHCHECK");
  const own = ["--port", String(port), "--state", "state"];
  const relay = start([...serve, ...own], cwd);
  await relay.shows(`ready ws://localhost:${port}`);
  const { code, stderr } = await start([...health, "--relay", `ws://localhost:${port}`], cwd).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await ended(relay)).toBe(0);
});

test.each<[args: string[], code: number, says: string | RegExp]>([
  [[], 0, "Usage: tributary <command>"],
  [["--help"], 0, "Usage: tributary <command>"],
  [["--version"], 0, VERSION],
  [["serve", "--help"], 0, "Usage: tributary serve [options]"],
  [["serve", "--version"], 0, VERSION],
  [["nostr"], 0, "Usage: tributary nostr <command>"],
  [["nostr", "upstream", "add", "--help"], 0, "Usage: tributary nostr upstream add"],
  [["srve"], 2, 'there is no command "srve", did you mean serve? (see --help)\n'],
  [["--port", "9000"], 2, 'there is no command "--port", there are serve and nostr (see --help)\n'],
  [["serve", "--prot", "9000"], 2, "there is no option --prot, did you mean --port? (see --help)\n"],
])("tributary %j", async (args, code, says) => {
  const end = await start(args, temporaryFolder()).ended;
  expect(end).toMatchObject({ code, [code === 0 ? "stderr" : "stdout"]: "" });
  expect(end.stdout + end.stderr).toContain(says);
  expect(end.stdout).not.toContain("npm");
});

test("it reads no .env and no bunfig.toml of the folder where it is started", async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "preload.js"), 'console.log("preloaded");');
  writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./preload.js"]');
  writeFileSync(join(cwd, ".env"), "BUN_BE_BUN=1\nTZ=Asia/Tokyo\n");
  expect(await start(["--version"], cwd).ended).toEqual({ code: 0, stdout: VERSION, stderr: "" });
});

test("without Bun, npm run binary says how to get it", async () => {
  const bin = join(temporaryFolder(), "bin");
  mkdirSync(bin);
  const output = join(bin, "tributary");
  const nothing = await build(["--output", output], ROOT, { PATH: bin }).ended;
  expect(nothing.stderr).toBe("npx, which runs Bun, cannot be started (spawn npx ENOENT): install npm\n");
  writeFileSync(join(bin, "npx"), "#!/bin/sh\necho no network >&2\nexit 1\n", { mode: 0o755 });
  const offline = await build(["--output", output], ROOT, { PATH: bin }).ended;
  const { bun } = packageJson.devDependencies;
  expect(offline.stderr).toBe(`npx bun@${bun} could not build the file: no network\n`);
  expect([nothing.code, offline.code]).toEqual([1, 1]);
  expect(readdirSync(bin)).toEqual(["npx"]);
});
