/** The relay as `wrangler dev` runs it, without any step before. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, temporaryFolder } from "./programs.ts";

const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

test("wrangler dev works with a new database, and then there are no migrations to apply", async () => {
  const state = temporaryFolder();
  await storesAnEvent(state);
  expect(await migrations("list", state)).toContain("No migrations to apply!");
  expect(await migrations("apply", state)).toContain("No migrations to apply!");
});

test("wrangler dev works with a database that wrangler has migrated", async () => {
  const state = temporaryFolder();
  expect(await migrations("apply", state)).toContain("0001_events.sql");
  await storesAnEvent(state);
});

async function storesAnEvent(state: string): Promise<void> {
  const port = await freePort();
  const args = [WRANGLER, "dev", "--port", String(port), "--inspector-port", "0", "--persist-to", state];
  const dev = startProgram(process.execPath, args, { cwd: ROOT, isGroup: true });
  onTestFinished(() => stop(dev));
  // Many clients at once, over HTTP and WebSocket.
  await eventually(() => fetch(`http://localhost:${port}/`).then(Boolean, () => false), Boolean);
  const statuses = Array.from({ length: 8 }, async () => {
    const { status } = await fetch(`http://localhost:${port}/api/v1/events`);
    return status;
  });
  const events = someEvents(1, state);
  const relay = await connect(`ws://localhost:${port}`);
  await publishAll(relay, events);
  expect((await query(relay, {})).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
  expect(await Promise.all(statuses)).toEqual(statuses.map(() => 200));
  await stop(dev);
}

async function stop({ process: { pid, exitCode }, ended }: ReturnType<typeof startProgram>): Promise<void> {
  if (pid !== undefined && exitCode === null) process.kill(-pid, "SIGINT");
  await ended;
}

async function migrations(command: "list" | "apply", state: string): Promise<string> {
  const args = [WRANGLER, "d1", "migrations", command, "DB", "--local", "--persist-to", state];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return stdout;
}
