/** `npm start` from the view of a user: what it prints, what it keeps, and what it says if something is wrong. */
import { execFileSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocally } from "../../scripts/local/runtime.ts";
import { lockState } from "../../scripts/local/state-lock.ts";
import { CommandError } from "../../scripts/shared/usage.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, temporaryFolder } from "./programs.ts";

test("it keeps everything stored from one start to the next, and ends cleanly when interrupted", async () => {
  const [port, state, events] = [await freePort(), join(temporaryFolder(), "state"), someEvents(30, "kept")];
  const first = await startRelay(port, state);
  await publishAll(await connect(first.url), events);
  expect(await first.interrupt()).toBe(0);

  const second = await startRelay(port, state);
  const stored = await query(await connect(second.url), { limit: 100 });
  expect(stored.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
  expect(await second.interrupt()).toBe(0);
  expect((await second.ended).stderr).toBe("");
});

test("it tells what it does, where it is and where events are, on both addresses of localhost", async () => {
  const [port, state] = [await freePort(), join(temporaryFolder(), "state")];
  const starting = startProgram(
    process.execPath,
    [join(ROOT, "scripts/start.ts"), "--port", String(port), "--state", state],
    { cwd: ROOT },
  );
  // The first client that can connect finds the tables.
  const first = await eventually(
    () =>
      fetch(`http://127.0.0.1:${port}/api/v1/events`).then(
        ({ status }) => status,
        () => undefined,
      ),
    (status) => status !== undefined,
  );
  expect(first).toBe(200);
  await starting.shows(`ready ws://localhost:${port}`);
  expect(starting.stdout()).toMatch(/^starting the relay and the aggregator\n/);
  expect(starting.stdout()).toContain(`req --kinds 1 --follow --relay ws://localhost:${port}\n`);
  for (const host of ["127.0.0.1", ...(hasIpv6() ? ["[::1]"] : [])]) {
    const [event] = someEvents(1, host);
    if (event) await publishAll(await connect(`ws://${host}:${port}`), [event]);
    expect((await fetch(`http://${host}:${port}/api/v1/events/${event?.id}`)).status).toBe(200);
    const types = ["assets/style.css", "favicon.svg", "robots.txt?query", "assets/missing.js"].map(
      async (path) => {
        const { status, headers } = await fetch(`http://${host}:${port}/${path}`);
        return [status, headers.get("content-type")];
      },
    );
    expect(await Promise.all(types)).toEqual([
      [200, "text/css; charset=utf-8"],
      [200, "image/svg+xml"],
      [200, "text/plain; charset=utf-8"],
      [404, null],
    ]);
  }
  starting.process.kill("SIGTERM");
  const { code, stdout, stderr } = await starting.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(new RegExp(`\nstopped; the events are in ${state}\n$`));
});

test("--host 0.0.0.0 listens on every address of IPv4", async () => {
  const [port, state] = [await freePort(), join(temporaryFolder(), "state")];
  const relay = await startRelay(port, state, ["--host", "0.0.0.0"]);
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  for (const { address } of addresses.filter(({ family }) => family === "IPv4"))
    expect((await fetch(`http://${address}:${port}/health`)).status).toBe(200);
  expect(await relay.interrupt()).toBe(0);
});

test.each(["npm", "what npm started"])("SIGTERM to %s ends everything", async (target) => {
  const [port, state] = [await freePort(), join(temporaryFolder(), "state")];
  const npm = startProgram("npm", ["start", "--", "--port", String(port), "--state", state], { cwd: ROOT });
  await npm.shows(`ready ws://localhost:${port}`);
  const child = execFileSync("pgrep", ["-P", String(npm.process.pid)], { encoding: "utf8" });
  process.kill(target === "npm" ? (npm.process.pid ?? 0) : Number(child), "SIGTERM");
  expect((await npm.ended).stdout).toContain("stopped; the events are in");
  expect(await isFree(port)).toBe(true);
  lockState(state)[Symbol.dispose]();
});

test("two relays do not share one state folder, and a killed one leaves nothing in the way", async () => {
  const [port, state] = [await freePort(), join(temporaryFolder(), "state")];
  const first = await startRelay(port, state);
  const second = await run("--port", String(await freePort()), "--state", state);
  expect(second).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^another relay \(process \d+\) uses/),
  });
  await first.kill();

  // Processes that the killed relay had started release the port.
  const third = await startRelay(port, state);
  // It may be interrupted at any time, even at the very beginning.
  expect(await third.interrupt()).toBe(0);
  expect((await third.ended).stderr).toBe("");
});

test.each([0, 1000, 2500, 4000])(
  "interrupted %i ms after its start it ends, and leaves nothing behind",
  async (wait) => {
    const [port, state] = [await freePort(), join(temporaryFolder(), "state")];
    const starting = startProgram(
      process.execPath,
      [join(ROOT, "scripts/start.ts"), "--port", String(port), "--state", state],
      { cwd: ROOT },
    );
    await eventually(async () => existsSync(join(state, "pid")), Boolean);
    await new Promise((next) => setTimeout(next, wait));
    starting.process.kill("SIGINT");
    expect(await starting.ended).toMatchObject({ code: 0, stderr: "" });
    lockState(state)[Symbol.dispose]();
    // No process that it had started keeps the port.
    await eventually(() => isFree(port), Boolean);
  },
);

test("a port in use is one line and a failure", async () => {
  const server = createServer().listen(0, "localhost");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as { port: number };
  const ended = await run("--port", String(port), "--state", temporaryFolder());
  server.close();
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toBe(`port ${port} is in use: choose another, such as --port ${port + 1}\n`);
});

test("a port that is taken while it builds is told of in the same words", async () => {
  const port = await freePort();
  const server = createServer();
  // The first process that it starts is the build.
  const take = () => {
    unsubscribe("child_process", take);
    server.listen(port, "localhost");
  };
  subscribe("child_process", take);
  const error: unknown = await startLocally({ port, state: temporaryFolder(), settings: {} }).catch(
    (reason: unknown) => reason,
  );
  server.close();
  expect(error).toBeInstanceOf(CommandError);
  expect(String(error)).toMatch(/port \d+ is in use: choose another, such as --port \d+$/);
});

test.each([
  [["--port", "0"], "--port is 0, expected a number from 1 to 65535"],
  [["--port", "99999"], "--port is 99999"],
  [
    ["--upstream", "http://example.com"],
    '--upstream is "http://example.com": expected ws:// or wss:// addresses',
  ],
  [["--upstream", "relay.example"], '--upstream is "relay.example": write wss://relay.example'],
  [["--var", "MAX_LIMT=5"], "MAX_LIMT, which is not a setting, did you mean MAX_LIMIT?"],
  [["--var", "upstreams=x"], "did you mean UPSTREAMS?"],
  [["--config", "nowhere.env"], "--config nowhere.env cannot be read"],
  [["--host", "example.com"], '--host is "example.com", expected localhost or an address'],
  [["--var", "MAX_LIMIT"], "--var is MAX_LIMIT, expected NAME=VALUE"],
  [["--var", "MAX_LIMIT=many"], 'MAX_LIMIT is "many", expected an integer from 1 to 5000'],
  [["--prot", "1"], "there is no option --prot, did you mean --port?"],
  [["serve"], 'unexpected argument "serve"'],
])("%j is one line and a failure", async (args, line) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(line);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("--help lists every option", async () => {
  const { code, stdout } = await run("--help");
  expect(code).toBe(0);
  for (const option of ["--port", "--host", "--state", "--upstream", "--var", "--config"])
    expect(stdout).toContain(option);
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, "localhost");
    server.once("listening", () => server.close(() => resolve(true)));
    server.once("error", () => resolve(false));
  });
}

function run(...args: string[]) {
  return startProgram(process.execPath, [join(ROOT, "scripts/start.ts"), ...args], { cwd: ROOT }).ended;
}

test("a Node that is too old is told what to do", async () => {
  const old = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"20.19.0"}})';
  const { code, stdout, stderr } = await startProgram(
    process.execPath,
    ["--import", old, join(ROOT, "scripts/start.js")],
    { cwd: ROOT },
  ).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^Node 20\.19\.0 is too old, Tributary needs 22\.18 or newer: run npm start.*\n$/);
});
