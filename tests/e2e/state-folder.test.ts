/** The folders of both programs that run a relay: what one has is exported, also while it runs, and imported into the other. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { runCli } from "../fixtures/cli.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { relayProgram } from "../fixtures/relay-program.ts";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { kill, startRelay, temporaryFolder } from "./programs.ts";

test("events move between the folders of npm start and npm run serve", async () => {
  const folder = temporaryFolder();
  const [started, served] = [join(folder, "started"), join(folder, "served")];
  const cli = (...args: string[]) => runCli("node", args, { cwd: folder });
  const events = someEvents(300, "moved", 60);

  const relay = await startRelay(await freePort(), started);
  await publishAll(await connect(relay.url), events.slice(0, 200));
  expect(await cli("export", "first", "--state", started)).toMatchObject({ stderr: "200 events\n" });
  expect((await cli("import", "first", "--state", started)).stderr).toContain("another relay");
  expect(await relay.interrupt()).toBe(0);

  const port = await freePort();
  const [program, args] = relayProgram("node");
  const options = ["--port", String(port), "--state", served, "--var", "PROBE_INTERVAL=0"];
  const server = startProgram(program, [...args, ...options], { cwd: ROOT });
  try {
    await server.shows("ready");
    await publishAll(await connect(`ws://localhost:${port}`), events.slice(100));
    expect(await cli("export", "second", "--state", served)).toMatchObject({ stderr: "200 events\n" });
  } finally {
    server.process.kill("SIGINT");
    await server.ended;
  }
  expect((await cli("import", "first", "--state", served)).stdout).toBe(
    "100 stored, 100 already there, 0 refused\n",
  );
  expect((await cli("import", "second", "--state", started)).stdout).toBe(
    "100 stored, 100 already there, 0 refused\n",
  );

  const again = await startRelay(await freePort(), started);
  const stored = await query(await connect(again.url), { limit: 500 });
  expect(stored.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
  await kill(again);
});
