import { verifyEvent } from "nostr-tools/pure";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import { type Script, startScriptedRelay } from "../fixtures/scripted-relay.ts";

const folder = freshFolder();

/** Takes proofs and events, and has nothing stored. */
const taking: Script = ([verb, given], say) => {
  if (verb === "REQ") say(["EOSE", given]);
  else if (verb === "AUTH" || verb === "EVENT") say(["OK", (given as Event).id, true, ""]);
};

describe.each(RUNTIMES)("--auth on %s", (runtime) => {
  const run = (args: string[], env: Record<string, string> = { NOSTR_SECRET_KEY: SECRET_HEX }) =>
    runCli(runtime, args, { cwd: folder.path, env });

  it.each([
    ["req", ["REQ", "CLOSE"]],
    ["publish", ["EVENT"]],
  ])("[30] %s proves first who asks", async (command, verbs) => {
    await using relay = await startScriptedRelay(taking);
    relay.greeting = ["AUTH", "a challenge"];
    const { code, stderr } = await run([command, "--auth", "--relay", relay.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [[, proof], ...others] = relay.received as [[string, Event], ...unknown[][]];
    expect(relay.received[0]?.[0]).toBe("AUTH");
    expect(verifyEvent(proof)).toBe(true);
    expect(proof).toMatchObject({
      kind: 22_242,
      pubkey: PUBKEY,
      tags: [
        ["relay", relay.url],
        ["challenge", "a challenge"],
      ],
    });
    expect(others.map(([verb]) => verb)).toEqual(verbs);
  });

  it("asks for nothing when the proof is not taken", async () => {
    await using relay = await startScriptedRelay(([, proof], say) =>
      say(["OK", (proof as Event).id, false, "restricted: not you"]),
    );
    relay.greeting = ["AUTH", "a challenge"];
    const { code, stdout, stderr } = await run(["req", "--auth", "--relay", relay.url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe("the relay did not take who you are: restricted: not you\n");
    expect(relay.received).toHaveLength(1);
  });

  it("says so when there is no key", async () => {
    await using relay = await startScriptedRelay(taking);
    const { code, stderr } = await run(["req", "--auth", "--relay", relay.url], {});
    expect(code).toBe(1);
    expect(lines(stderr)).toEqual([expect.stringContaining("NOSTR_SECRET_KEY")]);
    expect(relay.received).toEqual([]);
  });

  it.each(["req", "publish"])("%s without it is told of it when it would help", async (command) => {
    const reason = "auth-required: who are you?";
    await using relay = await startScriptedRelay(([verb, given], say) =>
      say(verb === "REQ" ? ["CLOSED", given, reason] : ["OK", (given as Event).id, false, reason]),
    );
    const { code, stderr } = await run([command, "--relay", relay.url]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/: auth-required: who are you\? \(--auth tells it who you are\)\n$/);
  });
});
