/** Upstreams that an operator manages with the command line client while the relay runs. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { UpstreamStatus } from "../../store/upstreams/upstream-status.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { runCli } from "../fixtures/cli.ts";
import { ROOT } from "../fixtures/program.ts";
import { refuseComparison, type ScriptedRelay, startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { matches, type WireFilter } from "../reference/matcher.ts";
import { connect, query } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, temporaryFolder } from "./programs.ts";

const EVERYTHING = ["--var", "PULL_HISTORY=all", "--var", "UPSTREAM_RETENTION=*:forever"];

let made = 0;
/** Returns an event of this moment. Later pulls do not ask for old ones again. */
const event = (kind: number): Event =>
  signedEvent({ kind, content: `event ${(made += 1)}`, created_at: Math.floor(Date.now() / 1000) });

/** Starts a relay that has these events. The list may grow. */
function startRelayWith(events: Event[]): Promise<ScriptedRelay> {
  return startScriptedRelay((message, say) => {
    const [verb, id, filter] = message;
    if (verb !== "REQ") return refuseComparison(message, say);
    for (const one of events.filter((other) => matches(filter as WireFilter, other))) say(["EVENT", id, one]);
    say(["EOSE", id]);
  });
}

test("an upstream is added, paused and resumed while the relay runs, and only what its filter asks for arrives", async () => {
  const [notes, reactions] = [[event(1), event(1)], [event(7)]];
  const atFirst = [...notes, ...reactions];
  const upstreamEvents = [...atFirst];
  await using upstream = await startRelayWith(upstreamEvents);
  await using witness = await startRelayWith([]);
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"), [
    ...EVERYTHING,
    "--var",
    `RELAY_ADMINS=${PUBKEY}`,
  ]);
  const cli = async (...args: string[]) => {
    const given = ["upstream", ...args, "--relay", relay.url];
    const ended = await runCli("node", given, { cwd: ROOT, env: { NOSTR_SECRET_KEY: SECRET_HEX } });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    return ended.stdout;
  };
  const status = async (url: string) => JSON.parse(await cli("status", url, "--json")) as UpstreamStatus;
  const pullsOf = async (url: string) => (await status(url)).health.pulls;
  const client = await connect(relay.url);
  const stored = async () => (await query(client, {})).map(({ id }) => id).toSorted();
  const idsOf = (events: Event[]) => events.map(({ id }) => id).toSorted();

  expect(await cli("list")).toBe("there are no upstreams\n");
  await cli("add", upstream.url, "--kinds", "1");
  relay.runMinuteJobs();
  await eventually(stored, (ids) => ids.length >= notes.length);
  await eventually(
    () => status(upstream.url),
    ({ state }) => state === "ok",
  );
  expect(await stored()).toEqual(idsOf(notes));
  expect(await status(upstream.url)).toMatchObject({
    health: { pulls: 1, failures: 0, queued: 2 },
    filters: [{ filter: { kinds: [1] }, gapCount: 0 }],
  });

  // While it is paused, another upstream is pulled, and this one is not asked, although a change makes it due at once.
  await cli("pause", upstream.url);
  await cli("change", upstream.url, "--kinds", "1,7");
  const pulls = await pullsOf(upstream.url);
  const late = event(1);
  upstreamEvents.push(late);
  const asked = upstream.received.length;
  await cli("add", witness.url);
  relay.runMinuteJobs();
  await eventually(
    () => pullsOf(witness.url),
    (count) => count >= 1,
  );
  expect(await pullsOf(upstream.url)).toBe(pulls);
  expect(upstream.received).toHaveLength(asked);
  expect(await stored()).toEqual(idsOf(notes));

  // It is resumed. Its new filter brings what the first one left out too.
  await cli("resume", upstream.url);
  relay.runMinuteJobs();
  await eventually(stored, (ids) => ids.length >= atFirst.length + 1);
  expect(await stored()).toEqual(idsOf([...atFirst, late]));

  await cli("remove", upstream.url);
  expect(await cli("list")).not.toContain(upstream.url);
  expect(await relay.interrupt()).toBe(0);
});
