/** Dead letters of `npm start`, with the command line client. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LetterHead } from "../../store/letters/letter-list.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { lines, runCli } from "../fixtures/cli.ts";
import { ROOT } from "../fixtures/program.ts";
import { startScriptedRelay, stored } from "../fixtures/scripted-relay.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { everything } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, temporaryFolder } from "./programs.ts";

test("what an upstream forged is a letter, comes back when it is tried again, and can be removed", async () => {
  const created_at = Math.floor(Date.now() / 1000);
  const good = signedEvent({ created_at });
  const forged = { ...signedEvent({ created_at, content: "forged" }), sig: good.sig };
  await using upstream = await startScriptedRelay(stored(good, forged));
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"), [
    "--upstream",
    upstream.url,
    "--var",
    `RELAY_ADMINS=${PUBKEY}`,
  ]);
  const dead = async (...args: string[]) => {
    const given = ["dead", ...args, "--relay", relay.url];
    const ended = await runCli("node", given, { cwd: ROOT, env: { NOSTR_SECRET_KEY: SECRET_HEX } });
    expect(ended.code).toBe(0);
    return lines(ended.stdout).filter((line) => line !== "");
  };
  const list = async () => (await dead("list", "--json")).map((line) => JSON.parse(line) as LetterHead);

  const [letter] = await eventually(list, ({ length }) => length > 0);
  expect(letter).toMatchObject({
    event: forged.id,
    attempts: 1,
    reason: expect.stringMatching(/^invalid: /),
  });
  expect((await everything(relay.http)).map(({ id }) => id)).toEqual([good.id]);

  await dead("redrive", "--all");
  relay.runMinuteJobs();
  const again = await eventually(list, (letters) => letters[0]?.attempts === 2);
  expect(again).toMatchObject([{ event: forged.id, reason: letter?.reason }]);

  await dead("purge", "--all");
  expect(await list()).toEqual([]);
  expect((await everything(relay.http)).map(({ id }) => id)).toEqual([good.id]);
});
