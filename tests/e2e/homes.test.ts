/** A relay moves from Workers to a server and back, with all that it is, in one file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StateLine, UpstreamLine } from "../../http/moving/relay-state.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { SECRET_HEX, signed } from "../fixtures/author.ts";
import { lines, runCli } from "../fixtures/cli.ts";
import { AUTHORS } from "../fixtures/signed-events.ts";
import { startStoringRelay } from "../fixtures/storing-relay.ts";
import { byId, connect, everything, publishAll, someEvents } from "./client.ts";
import { eventually, type RelayProgram, startRelay, temporaryFolder } from "./programs.ts";
import { addUpstream, MANAGED, manage, pullNow, statusOf } from "./upstreams.ts";

const DAY = 86_400;
/** Without this, the events of the upstream would be too old to be stored. */
const FOREVER = ["--var", "UPSTREAM_RETENTION=*:forever"];
const NOW = Math.floor(Date.now() / 1000);

interface File {
  events: { id: string }[];
  decisions: StateLine[];
  upstreams: UpstreamLine[];
}

function read(path: string): File {
  const values = lines(readFileSync(path, "utf8")).map((line) => JSON.parse(line) as unknown);
  const states = values.filter((value) => Array.isArray(value)) as StateLine[];
  return {
    events: byId(values.filter((value) => !Array.isArray(value)) as { id: string }[] as never),
    decisions: states.filter(([name]) => name === "DECISION"),
    upstreams: states.flatMap(([name, line]) => (name === "UPSTREAM" ? [line] : [])),
  };
}

/** Without the times at which something is asked for again, which a moved cursor leaves out. */
function moved(upstreams: UpstreamLine[]): unknown[] {
  return upstreams.map(({ cursor, ...line }) => ({
    ...line,
    cursor: Object.entries(cursor.filters).map(([key, { pulledTo, pending, lost }]) => [
      key,
      pulledTo,
      pending,
      lost,
    ]),
  }));
}

async function decideMuch(http: string): Promise<void> {
  const [one, two] = AUTHORS as [string, string];
  await manage(http, "createrole", "gardener", "Gardener", "looks after", 120, 2);
  await manage(http, "assignrole", one, "gardener");
  await manage(http, "allowpubkey", one, "a friend");
  await manage(http, "banpubkey", two, "spam");
  await manage(http, "banevent", "2".repeat(64), "not fine");
  await manage(http, "disallowkind", 9999, "unknown");
  await manage(http, "blockip", "203.0.113.0/24", "a flood");
  await manage(http, "changerelayname", "The garden");
  await manage(http, "changewriteaccess", "allow");
}

test("events, decisions, upstreams and cursors are the same after Workers, a server, and Workers again", async () => {
  await using upstream = await startStoringRelay();
  upstream.answer = (_request, response) => response.writeHead(404).end();
  const pulled = Array.from({ length: 50 }, (_, n) =>
    signed(`pulled ${n}`, { created_at: NOW - (10 + n) * DAY }),
  );
  await upstream.api.store.commit(pulled);
  const folder = temporaryFolder();
  const env = { NOSTR_SECRET_KEY: SECRET_HEX };
  const run = (...args: string[]) => runCli("node", args, { cwd: folder, env });
  const home = async (name: string, by?: "node"): Promise<RelayProgram> =>
    startRelay(await freePort(), join(folder, `state-${name}`), [...MANAGED, ...FOREVER], by);
  const move = async (file: string, to: RelayProgram) => {
    const { code, stdout, stderr } = await run("import", file, "--admin", "--everything", "--relay", to.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^100 stored, 0 refused, \d+ decisions and upstreams restored\n$/);
  };
  const save = async (from: RelayProgram, file: string) => {
    expect(await run("export", file, "--admin", "--everything", "--relay", from.url)).toMatchObject({
      code: 0,
    });
    return read(join(folder, file));
  };

  const first = await home("first");
  await publishAll(await connect(first.url), someEvents(50, "moved", 100));
  await addUpstream(first.http, upstream.url, { history: "all" });
  first.runMinuteJobs();
  await eventually(
    () => everything(first.http),
    ({ length }) => length === 100,
  );
  await eventually(
    () => statusOf(first.http, upstream.url),
    ({ state }) => state === "ok",
  );
  await manage(first.http, "pauseupstream", upstream.url);
  await decideMuch(first.http);
  const before = await save(first, "first.jsonl");
  expect(before.upstreams).toHaveLength(1);
  await first.interrupt();

  const second = await home("second", "node");
  await move("first.jsonl", second);
  const between = await save(second, "second.jsonl");
  await second.interrupt();
  const third = await home("third");
  await move("second.jsonl", third);
  const after = await save(third, "third.jsonl");

  for (const file of [between, after]) {
    expect(file.events).toEqual(before.events);
    expect(file.decisions).toHaveLength(9);
    expect(file.decisions).toEqual(expect.arrayContaining(before.decisions));
    expect(moved(file.upstreams)).toEqual(moved(before.upstreams));
  }
  expect(after).toEqual(between);

  // The new home goes on from there, and asks for nothing that the old one had.
  upstream.received.length = 0;
  const late = signed("late", { created_at: NOW - 60 });
  await upstream.api.store.commit([late]);
  await manage(third.http, "changewriteaccess", "open");
  await pullNow(third, upstream.url);
  await eventually(
    () => everything(third.http),
    (events) => events.some(({ id }) => id === late.id),
  );
  const asked = upstream.received.flatMap(([verb, , filter]) =>
    verb === "REQ" ? [filter as { since?: number }] : [],
  );
  for (const { since } of asked) expect(since).toBeGreaterThan(NOW - 5 * DAY);
});
