import { describe, expect, it } from "vitest";
import { RUNTIMES, freshFolder, lines, runCli, startCli } from "../fixtures/cli.ts";
import type { ProgramOptions } from "../fixtures/program.ts";
import {
  naddrEncode,
  neventEncode,
  noteEncode,
  nprofileEncode,
  npubEncode,
  nsecEncode,
} from "nostr-tools/nip19";
import { PUBKEY, SECRET, signed } from "../fixtures/author.ts";
import { NO_TEXT, startScriptedRelay, stored } from "../fixtures/scripted-relay.ts";

const ID = "1".repeat(64);
const folder = freshFolder();

describe.each(RUNTIMES)("req on %s", (runtime) => {
  const run = (args: string[], options: Partial<ProgramOptions> = {}) =>
    runCli(runtime, args, { cwd: folder.path, ...options });

  it("has a flag for every field of a filter, in all forms of NIP-19", async () => {
    await using relay = await startScriptedRelay(stored());
    const key = "2".repeat(64);
    const { code, stdout, stderr } = await run(
      [
        ["req", "--relay", relay.url, "--ids", `${ID},${noteEncode(ID)}`, "--ids", neventEncode({ id: ID })],
        ["--authors", `${key}, ${npubEncode(key)}`, "--authors", nprofileEncode({ pubkey: key })],
        ["--kinds", "1,0", "--kinds", "30023", "--since", "0", "--until", "18446744073709551615"],
        ["--limit", "7"],
        ["--tag", `e=${noteEncode(ID)}`, "--tag", `p=${npubEncode(key)}`, "--tag", String.raw`t=a\,b,c=d`],
        ["--tag", "t=", "--tag", `a=30023:${key}:x`, "--search", "日本 language:en"],
      ].flat(),
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(relay.received).toEqual([
      [
        "REQ",
        "req",
        {
          ids: [ID, ID, ID],
          authors: [key, key, key],
          kinds: [1, 0, 30_023],
          since: 0,
          until: Number.MAX_SAFE_INTEGER,
          limit: 7,
          search: "日本 language:en",
          "#e": [ID],
          "#p": [key],
          "#t": ["a,b", "c=d", ""],
          "#a": [`30023:${key}:x`],
        },
      ],
      ["CLOSE", "req"],
    ]);
  });

  it("--json: each event on a line, with nothing for the terminal to act on, and no other line", async () => {
    const events = [signed("a\nb\u001b[31m\u009b31m\u202e\u2028"), signed("日本 🦤", { tags: [["t", "x"]] })];
    await using relay = await startScriptedRelay(stored(...events));
    const { code, stdout, stderr } = await run(["req", "--json", "--relay", relay.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(lines(stdout).map((line) => JSON.parse(line) as unknown)).toEqual(events);
    expect(stdout).not.toMatch(/[\u001b\u0080-\u009f\u2028-\u202e]/);
  });

  it("pretty: content cannot steer the terminal, nor pass for another event", async () => {
    const content =
      "first\u001b[2J\u001b]8;;http://x\u0007link\u001b]8;;\u0007\r\u009b31m\u202e\n\n2023-11-14T22:13:20Z  kind 1";
    const event = signed(content, { tags: [["t", "\u001b[31mred\u009b"]] });
    await using relay = await startScriptedRelay(
      stored(event, signed("late", { created_at: 9_007_199_254_740_991 })),
    );
    const { code, stdout } = await run(["req", "--relay", relay.url]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(lines(stdout)).toEqual([
      `2023-11-14T22:13:20Z  kind 1  ${npubEncode(PUBKEY)}`,
      `id ${event.id}`,
      String.raw`  ["t","\u001b[31mred\u009b"]`,
      "  firstlink",
      "  ",
      "  2023-11-14T22:13:20Z  kind 1",
      `second 9007199254740991  kind 1  ${npubEncode(PUBKEY)}`,
      expect.stringMatching(/^id /),
      "  late",
    ]);
  });

  it("leaves out what is no valid event, and says so", async () => {
    const event = signed("good");
    const forged = [
      { ...event, content: "x" },
      { ...event, sig: "0".repeat(128) },
      null,
      { id: "\u001b[31m" },
    ];
    await using relay = await startScriptedRelay(stored(...forged, event));
    const { code, stdout, stderr } = await run(["req", "--json", "--relay", relay.url]);
    expect(code).toBe(0);
    expect(lines(stdout).map((line) => JSON.parse(line) as unknown)).toEqual([event]);
    expect(lines(stderr)).toHaveLength(forged.length);
    expect(stderr).not.toContain("\u001b");
  });

  it("--follow goes on after EOSE until Ctrl-C, and ends cleanly", async () => {
    const live = signed("live");
    await using relay = await startScriptedRelay((message, say) => {
      stored(signed("stored"))(message, say, undefined as never);
      if (message[0] === "REQ") say(["EVENT", message[1], live]);
    });
    const following = startCli(runtime, ["req", "--follow", "--relay", relay.url], { cwd: folder.path });
    await following.shows("live\n");
    following.process.kill("SIGINT");
    expect(await following.ended).toMatchObject({ code: 0, stderr: "" });
    expect(following.stdout()).toContain("stored");
    await expect.poll(() => relay.closed).toHaveLength(1);
    expect(relay.closed).not.toEqual([1006]);
  });

  it("CLOSED is a failure with the relay's reason", async () => {
    await using relay = await startScriptedRelay(([, subscription], say) => {
      say(["CLOSED", "another", "error: not ours"]);
      say(["CLOSED", subscription, "invalid: \u001b[31mno\nway"]);
    });
    expect(await run(["req", "--relay", relay.url])).toEqual({
      code: 1,
      stdout: "",
      stderr: "the relay refused: invalid: no way\n",
    });
  });

  it("what is no text where a relay should say some is no crash", async () => {
    const deep = `["NOTICE",${"[".repeat(50_000)}${"]".repeat(50_000)}]`;
    await using relay = await startScriptedRelay(([, subscription], say) => {
      for (const notice of [NO_TEXT, null, 7]) say(["NOTICE", notice]);
      say(deep);
      say(["CLOSED", subscription, NO_TEXT]);
    });
    const { code, stdout, stderr } = await run(["req", "--relay", relay.url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const [last, ...notices] = lines(stderr).toReversed();
    expect(last).toBe("the relay refused: it gave no reason");
    expect(new Set(notices)).toEqual(new Set(["the relay says: a message without text"]));
  });

  it("a relay that goes away is a failure", async () => {
    await using relay = await startScriptedRelay((_message, _say, socket) => socket.terminate());
    expect(await run(["req", "--follow", "--relay", relay.url])).toEqual({
      code: 1,
      stdout: "",
      stderr: "the relay closed the connection\n",
    });
  });

  it("a reader that has seen enough ends it quietly", async () => {
    const event = signed("x".repeat(4000));
    await using relay = await startScriptedRelay(([verb, subscription], say) => {
      if (verb === "REQ") for (let n = 0; n < 200; n += 1) say(["EVENT", subscription, event]);
    });
    const following = startCli(runtime, ["req", "--follow", "--json", "--relay", relay.url], {
      cwd: folder.path,
    });
    await following.shows(event.id);
    following.process.stdout?.destroy();
    expect(await following.ended).toMatchObject({ code: 0, stderr: "" });
  });

  it("a secret key given by mistake is not repeated", async () => {
    const { code, stderr } = await run(["req", "--authors", nsecEncode(SECRET)]);
    expect(code).toBe(2);
    expect(stderr).not.toContain(nsecEncode(SECRET).slice(0, 20));
    const other = await run([
      "req",
      "--authors",
      naddrEncode({ identifier: "x", pubkey: PUBKEY, kind: 30_023 }),
    ]);
    expect(other.code).toBe(2);
  });
});
