/** The outbox with real programs: from a key to the relays where those write whom it follows. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { PUBKEY, SECRET_HEX, signed } from "../fixtures/author.ts";
import { runCli } from "../fixtures/cli.ts";
import { refuseComparison, startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { connect, everything } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, temporaryFolder } from "./programs.ts";

const [ALICE = "", BOB = ""] = AUTHORS;
const OLD = 1_500_000_000;

test("the lists of whom a key follows are found on an upstream, and their relays become upstreams", async () => {
  const lists = [
    signedEvent({ pubkey: ALICE, kind: 10_002, created_at: OLD, tags: [["r", "wss://alice.example"]] }),
    signedEvent({
      pubkey: BOB,
      kind: 10_002,
      created_at: OLD,
      tags: [
        ["r", "ws://localhost:1"],
        ["r", "wss://alice.example/"],
        ["r", "wss://bob.example"],
      ],
    }),
  ];
  await using upstream = await startScriptedRelay((message, say) => {
    const [verb, id, filter] = message;
    if (verb !== "REQ") return refuseComparison(message, say);
    const { kinds = [] } = filter as { kinds?: number[] };
    for (const event of lists.filter(({ kind }) => kinds.includes(kind))) say(["EVENT", id, event]);
    say(["EOSE", id]);
  });
  const state = join(temporaryFolder(), "state");
  const settings = ["--var", `RELAY_ADMINS=${PUBKEY}`, "--upstream", upstream.url];
  const relay = await startRelay(await freePort(), state, settings);
  const outbox = (...args: string[]) =>
    runCli("node", ["outbox", ...args, "--relay", relay.url], {
      cwd: state,
      env: { NOSTR_SECRET_KEY: SECRET_HEX },
    });
  await (
    await connect(relay.url)
  ).publish(
    signed("", {
      kind: 3,
      created_at: OLD,
      tags: [
        ["p", ALICE],
        ["p", BOB],
      ],
    }),
  );
  expect((await outbox("add", PUBKEY)).code).toBe(0);
  relay.runMinuteJobs();
  await eventually(
    () => everything(relay.http),
    (stored) => lists.every(({ id }) => stored.some((event) => event.id === id)),
  );
  // Relays are chosen again half a minute after lists have come, or at once if a key is added.
  expect((await outbox("add", ALICE)).code).toBe(0);
  relay.runMinuteJobs();
  const relays = async () =>
    (
      JSON.parse((await outbox("list", "--json")).stdout) as { relays: { url: string; authors: number }[] }
    ).relays.map(({ url, authors }) => [url, authors]);
  const expected = [
    ["wss://alice.example", 2],
    ["wss://bob.example", 1],
  ];
  await eventually(relays, (chosen) => JSON.stringify(chosen) === JSON.stringify(expected));
  expect(await relay.interrupt()).toBe(0);
});
