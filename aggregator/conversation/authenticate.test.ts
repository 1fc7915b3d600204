import { beforeEach, describe, expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { type Line, openLine, settle } from "../../tests/fixtures/upstream-line.ts";
import type { Ending } from "./answer.ts";
import { NO_KEY } from "./authenticate.ts";
import { converse } from "./upstream.ts";

let line: Line;
beforeEach(() => {
  line = openLine();
});

const ask = (limit = 10) => line.upstream.ask({ since: 5, until: 99, limit });

describe("[42] authentication", () => {
  const proof = signedEvent({ content: "proof" });
  beforeEach(() => {
    line.sign = () => proof;
  });

  it("answers the challenge when the upstream refuses without it, and asks again", async () => {
    const challenges: string[] = [];
    line.sign = (challenge) => (challenges.push(challenge), proof);
    line.say("AUTH", "the challenge");
    const answer = ask();
    line.say("CLOSED", "pull-1", "auth-required: log in");
    await settle();
    expect(line.sent.at(-1)).toEqual(["AUTH", proof]);
    line.say("OK", proof.id, true, "");
    await settle();
    expect(line.sent.at(-1)).toEqual(["REQ", "pull-2", { since: 5, until: 99, limit: 10 }]);
    line.say("EOSE", "pull-2");
    expect(await answer).toMatchObject({ ending: { how: "eose" } });
    expect(challenges).toEqual(["the challenge"]);
    expect(line.upstream.wantsAuth).toBe(true);
  });

  it("waits for a challenge that comes after the refusal, and asks again if no OK comes", async () => {
    const answer = ask();
    line.say("CLOSED", "pull-1", "auth-required: log in");
    await settle();
    line.say("AUTH", "late");
    await settle();
    expect(line.sent.at(-1)).toEqual(["AUTH", proof]);
    await line.pass(5);
    line.say("EOSE", "pull-2");
    expect(await answer).toMatchObject({ ending: { how: "eose" } });
  });

  it.each<[what: string, happen: () => Promise<void>, ending: Ending]>([
    [
      "is refused",
      async () => line.say("OK", proof.id, false, "restricted: not a member"),
      { how: "auth", reason: "the upstream refused the authentication: restricted: not a member" },
    ],
    [
      "changes nothing",
      async () => {
        line.say("OK", proof.id, true, "");
        await settle();
        line.say("CLOSED", "pull-2", "auth-required: again");
      },
      { how: "closed", reason: "auth-required: again" },
    ],
    [
      "is not enough",
      async () => {
        line.say("OK", proof.id, true, "");
        await settle();
        line.say("CLOSED", "pull-2", "restricted: not a member");
      },
      { how: "closed", reason: "restricted: not a member" },
    ],
    ["loses the connection", async () => line.end("1006"), { how: "disconnected", reason: "1006" }],
  ])("that %s is not tried again", async (_, happen, ending) => {
    line.say("AUTH", "challenge");
    const answer = ask();
    line.say("CLOSED", "pull-1", "auth-required: log in");
    await settle();
    await happen();
    expect((await answer).ending).toEqual(ending);
    expect(line.sent.filter(([verb]) => verb === "AUTH")).toHaveLength(1);
  });

  it("without a challenge is not possible", async () => {
    const answer = ask();
    line.say("CLOSED", "pull-1", "auth-required: log in");
    await settle();
    await line.pass(5);
    expect((await answer).ending).toEqual({
      how: "auth",
      reason: "the upstream wants authentication and sends no challenge",
    });
  });

  it("without a key is not possible, and the reason says what to set", async () => {
    let onFrame: (frame: unknown) => void = () => undefined;
    const upstream = converse({
      send: () => undefined,
      close: () => undefined,
      listen: (frame) => (onFrame = frame),
    });
    const answer = upstream.ask({ limit: 1 });
    onFrame(JSON.stringify(["CLOSED", "pull-1", "auth-required: log in"]));
    expect((await answer).ending).toEqual({ how: "auth", reason: NO_KEY });
  });

  it("opens a reconciliation again", async () => {
    line.say("AUTH", "challenge");
    const answer = line.upstream.sync({}).send("61");
    line.say("NEG-ERR", "sync-1", "auth-required: log in");
    await settle();
    line.say("OK", proof.id, true, "");
    await settle();
    expect(line.sent.at(-1)).toEqual(["NEG-OPEN", "sync-1", {}, "61"]);
    line.say("NEG-MSG", "sync-1", "6100");
    expect(await answer).toEqual({ ending: { how: "message", message: "6100" } });
  });
});
