import { verifyEvent } from "nostr-tools/pure";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import { type Script, startScriptedRelay } from "../fixtures/scripted-relay.ts";

const folder = freshFolder();

/** Accepts AUTH and EVENT. It has no stored events. */
const taking: Script = ([verb, given], say) => {
  if (verb === "REQ") say(["EOSE", given]);
  else if (verb === "COUNT") say(["COUNT", given, { count: 0 }]);
  else if (verb === "AUTH" || verb === "EVENT") say(["OK", (given as Event).id, true, ""]);
};

describe.each(RUNTIMES)("--auth on %s", (runtime) => {
  const run = (args: string[], env: Record<string, string> = { NOSTR_SECRET_KEY: SECRET_HEX }) =>
    runCli(runtime, args, { cwd: folder.path, env });

  it.each([
    ["req", ["REQ", "CLOSE"]],
    ["count", ["COUNT"]],
    ["publish hi", ["EVENT"]],
  ])("[30] %s proves first who asks", async (command, verbs) => {
    await using relay = await startScriptedRelay(taking);
    relay.greeting = ["AUTH", "a challenge"];
    const { code, stderr } = await run([...command.split(" "), "--auth", "--relay", relay.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [probe, close, [, proof], ...others] = relay.received as [
      unknown[],
      unknown[],
      [string, Event],
      ...unknown[][],
    ];
    expect(probe).toEqual(["REQ", "auth", expect.objectContaining({ limit: 1 })]);
    expect(relay.received[2]?.[0]).toBe("AUTH");
    expect(close).toEqual(["CLOSE", "auth"]);
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
    expect(stderr).toBe("the relay did not accept the authentication: restricted: not you\n");
    expect(relay.received.map(([verb, id]) => (verb === "AUTH" ? verb : [verb, id]))).toEqual([
      ["REQ", "auth"],
      ["CLOSE", "auth"],
      "AUTH",
    ]);
  });

  it.each(["before", "after"])(
    "[30] a challenge that comes %s the refusal which it belongs to",
    async (when) => {
      const proven = new Set<string>();
      await using relay = await startScriptedRelay(([verb, given], say) => {
        const { id } = given as Event;
        if (verb === "AUTH") say(["OK", proven.add(id) && id, true, ""]);
        if (verb === "CLOSE" || verb === "AUTH") return;
        if (proven.size > 0) return say(verb === "REQ" ? ["EOSE", given] : ["OK", id, true, ""]);
        const reason = "auth-required: who are you?";
        const answers = [
          ["AUTH", "now"],
          verb === "REQ" ? ["CLOSED", given, reason] : ["OK", id, false, reason],
        ];
        for (const answer of when === "before" ? answers : answers.toReversed()) say(answer);
      });
      for (const command of ["req", "publish"]) {
        proven.clear();
        expect(
          await run([command, "--auth", ...(command === "publish" ? ["hi"] : []), "--relay", relay.url]),
        ).toMatchObject({
          code: 0,
          stderr: "",
        });
      }
    },
  );

  it("[30] a relay that asks only when an event is refused is told then", async () => {
    let isKnown = false;
    await using relay = await startScriptedRelay(([verb, given], say) => {
      if (verb === "REQ") return say(["EOSE", given]);
      if (verb === "CLOSE") return;
      if (verb === "AUTH") isKnown = true;
      else if (!isKnown) say(["AUTH", "now"]);
      say(["OK", (given as Event).id, isKnown, isKnown ? "" : "auth-required: it is protected"]);
    });
    const { code, stderr } = await run(["publish", "hi", "--auth", "--relay", relay.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(relay.received.map(([verb]) => verb)).toEqual(["REQ", "CLOSE", "EVENT", "AUTH", "EVENT"]);
  });

  it("says so when there is no key", async () => {
    await using relay = await startScriptedRelay(taking);
    const { code, stderr } = await run(["req", "--auth", "--relay", relay.url], {});
    expect(code).toBe(1);
    expect(lines(stderr)).toEqual([expect.stringContaining("NOSTR_SECRET_KEY")]);
    expect(relay.received).toEqual([]);
  });

  it.each(["req", "publish hi"])("%s without it is told of it when it would help", async (command) => {
    const reason = "auth-required: who are you?";
    await using relay = await startScriptedRelay(([verb, given], say) =>
      say(verb === "REQ" ? ["CLOSED", given, reason] : ["OK", (given as Event).id, false, reason]),
    );
    const { code, stderr } = await run([...command.split(" "), "--relay", relay.url]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/: auth-required: who are you\? \(use --auth to authenticate\)\n$/);
  });
});
