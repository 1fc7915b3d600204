/** The command line client with relays that show or accept some events only after authentication. */
import { join } from "node:path";
import { generateSecretKey } from "nostr-tools";
import { bytesToHex } from "nostr-tools/utils";
import { expect, test } from "vitest";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { startRelay, temporaryFolder } from "../e2e/programs.ts";
import { runCli } from "../fixtures/cli.ts";

test("the command line client publishes what is protected and reads messages when it proves who it is", async () => {
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"));
  const secret = generateSecretKey();
  const env = { NOSTR_SECRET_KEY: bytesToHex(secret) };
  const nostr = (...args: string[]) =>
    runCli("node", [...args, "--relay", relay.url], { cwd: temporaryFolder(), env });

  const protectedOne = ["publish", "for this relay alone", "--tag=-"];
  expect(await nostr(...protectedOne)).toMatchObject({ code: 1, stderr: expect.stringContaining("--auth") });
  expect(await nostr(...protectedOne, "--auth")).toMatchObject({ code: 0, stderr: "" });
  expect((await nostr("publish", "a letter", "--kind", "4", "--tag", `p=${"a".repeat(64)}`)).code).toBe(0);
  const letters = ["req", "--kinds", "4", "--json"];
  expect(await nostr(...letters)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("--auth"),
  });
  const { code, stdout } = await nostr(...letters, "--auth");
  expect({ code, letter: JSON.parse(stdout) as unknown }).toMatchObject({
    code: 0,
    letter: { content: "a letter" },
  });
});
