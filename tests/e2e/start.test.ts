/** `npm start` as a user meets it: what it prints, what it keeps, and what it says when something is wrong. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocally } from "../../scripts/local-runtime.ts";
import { CommandError } from "../../scripts/usage.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { eventually, freePort, startRelay, temporaryFolder } from "./programs.ts";

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

test("two relays do not share one state folder, and a killed one leaves nothing in the way", async () => {
  const [port, state] = [await freePort(), join(temporaryFolder(), "state")];
  const first = await startRelay(port, state);
  const second = await run("--port", String(await freePort()), "--state", state);
  expect(second).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^another relay \(process \d+\) uses/),
  });
  await first.kill();

  // What the killed one had started gives the port free.
  const third = await startRelay(port, state);
  // Whatever it is at, at the very beginning.
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
    await eventually(async () => existsSync(join(state, "lock")), Boolean);
    await new Promise((next) => setTimeout(next, wait));
    starting.process.kill("SIGINT");
    expect(await starting.ended).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(state, "lock"))).toBe(false);
    // Nothing that it had started keeps the port.
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
  expect(ended.stderr).toMatch(/^port \d+ cannot be used .*choose another one with --port\n$/);
});

test("a port that is taken while it builds is told of in the same words", async () => {
  const port = await freePort();
  const server = createServer();
  // The first thing that it starts is what builds.
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
  expect(String(error)).toMatch(/port \d+ cannot be used .*choose another one with --port$/);
});

test.each([
  [["--port", "0"], "--port is 0, expected a number from 1 to 65535"],
  [["--port", "99999"], "--port is 99999"],
  [
    ["--upstream", "http://example.com"],
    'UPSTREAMS is "http://example.com", expected ws:// or wss:// addresses',
  ],
  [["--var", "MAX_LIMT=5"], "MAX_LIMT, which is no setting"],
  [["--var", "MAX_LIMIT"], "--var is MAX_LIMIT, expected NAME=VALUE"],
  [["--var", "MAX_LIMIT=many"], 'MAX_LIMIT is "many", expected an integer from 1 to 5000'],
  [["--prot", "1"], "Unknown option '--prot'"],
  [["serve"], "Unexpected argument 'serve'"],
])("%j is one line and a failure", async (args, line) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(line);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("--help lists every option", async () => {
  const { code, stdout } = await run("--help");
  expect(code).toBe(0);
  for (const option of ["--port", "--state", "--upstream", "--var"]) expect(stdout).toContain(option);
});

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
