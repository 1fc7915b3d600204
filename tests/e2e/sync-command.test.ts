/** `npm run nostr -- sync` between relays that run as users run them: two Tributaries, and one of another project. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { finalizeEvent, generateSecretKey } from "nostr-tools";
import { expect, test } from "vitest";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { runCli } from "../fixtures/cli.ts";
import { has } from "../fixtures/foreign-programs.ts";
import { ROOT } from "../fixtures/program.ts";
import { byId, connect, everything, publishAll, query, someEvents } from "./client.ts";
import { FOREIGN_RELAYS } from "./foreign-relays.ts";
import { startRelay, temporaryFolder } from "./programs.ts";

const HOUR = 3600;
const sync = (here: string, there: string, ...args: string[]) =>
  runCli("node", ["sync", there, "--relay", here, ...args], { cwd: ROOT });

test("two Tributaries that compare few events at once have the same events afterwards, deletions too", async () => {
  const folder = temporaryFolder();
  const few = ["--var", "MAX_SYNC_EVENTS=200"];
  const [here, there] = await Promise.all([
    startRelay(await freePort(), join(folder, "here"), few),
    startRelay(await freePort(), join(folder, "there"), few),
  ]);
  const events = someEvents(900, "synced", HOUR);
  const secret = generateSecretKey();
  const at = Math.floor(Date.now() / 1000) - HOUR;
  const signed = (kind: number, created_at: number, tags: string[][] = []) =>
    finalizeEvent({ kind, created_at, tags, content: `${created_at}` }, secret);
  const doomed = signed(1, at);
  const deletion = signed(5, at + 1, [["e", doomed.id]]);
  const [older, newer] = [signed(0, at), signed(0, at + 1)];
  await publishAll(await connect(here.url), [...events.slice(0, 600), doomed, older]);
  await publishAll(await connect(there.url), [...events.slice(300), deletion, newer]);

  const planned = await sync(here.url, there.url, "--dry-run");
  expect(planned).toMatchObject({
    code: 0,
    stderr: "down: 302 would be transferred; up: 302 would be transferred\n",
  });
  expect(await everything(here.http)).toHaveLength(602);

  // The deleted event is refused at most once: then neither has it.
  await sync(here.url, there.url);
  expect(await sync(here.url, there.url)).toMatchObject({
    code: 0,
    stdout: "down: 0 stored, 0 refused\nup: 0 stored, 0 refused\n",
  });
  const wanted = byId([...events, deletion, newer]);
  expect(byId(await everything(here.http))).toEqual(wanted);
  expect(byId(await everything(there.http))).toEqual(wanted);
});

for (const { name, tool, start, comparesSets } of FOREIGN_RELAYS)
  test(`a Tributary and ${name} have the same events afterwards`, async ({ skip }) => {
    skip(!has(tool), `this machine has no ${tool}`);
    const folder = temporaryFolder();
    const port = await freePort();
    mkdirSync(join(folder, "foreign"));
    await start(port, join(folder, "foreign"));
    const there = `ws://127.0.0.1:${port}`;
    const here = await startRelay(await freePort(), join(folder, "state"));
    const events = someEvents(300, "foreign", HOUR);
    await publishAll(await connect(here.url), events.slice(0, 200));
    await publishAll(await connect(there), events.slice(100));

    const { code, stdout, stderr } = await sync(here.url, there);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "down: 100 stored, 0 refused\nup: 100 stored, 0 refused\n",
    });
    expect(stderr.includes("page by page")).toBe(!comparesSets);
    expect(byId(await everything(here.http))).toEqual(byId(events));
    const reader = await connect(there);
    const ids = events.map(({ id }) => id);
    const found = await Promise.all(
      [ids.slice(0, 150), ids.slice(150)].map((some) => query(reader, { ids: some, limit: 200 })),
    );
    expect(byId(found.flat())).toEqual(byId(events));
  });
