import { describe, expect, it } from "vitest";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import type { ProgramOptions } from "../fixtures/program.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  naddrEncode,
  neventEncode,
  noteEncode,
  nprofileEncode,
  npubEncode,
  nsecEncode,
} from "nostr-tools/nip19";
import { verifyEvent } from "nostr-tools/pure";
import type { Event } from "../../nostr/event.ts";
import { PUBKEY, SECRET, SECRET_HEX } from "../fixtures/author.ts";
import { accepting, NO_TEXT, startScriptedRelay } from "../fixtures/scripted-relay.ts";

const ID = "1".repeat(64);
const folder = freshFolder();

describe.each(RUNTIMES)("publish on %s", (runtime) => {
  const run = (args: string[], options: Partial<ProgramOptions> = {}) =>
    runCli(runtime, args, { cwd: folder.path, ...options });
  const withKey = { env: { NOSTR_SECRET_KEY: SECRET_HEX } };

  it("signs, sends, prints the id", async () => {
    await using relay = await startScriptedRelay(accepting);
    const args = ["publish", "hello\n日本", "--kind", "30023", "--relay", relay.url];
    const tags = ["--tag", "d=a=b", "--tag", String.raw`t=x,y\,z`, "--tag=-", "--tag", "r="];
    const { code, stdout, stderr } = await run([...args, ...tags], withKey);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [[verb, event]] = relay.received as [[string, Event]];
    expect(verb).toBe("EVENT");
    expect(verifyEvent(event)).toBe(true);
    expect(event).toMatchObject({
      pubkey: PUBKEY,
      kind: 30_023,
      content: "hello\n日本",
      tags: [["d", "a=b"], ["t", "x", "y,z"], ["-"], ["r", ""]],
    });
    expect(Math.abs(event.created_at - Date.now() / 1000)).toBeLessThan(120);
    expect(stdout).toBe(`${event.id}\n`);
    expect(relay.closed).toEqual([
      expect.toSatisfy((closing: number) => closing === 1000 || closing === 1005),
    ]);
  });

  it("tags take what NIP-19 encodes: the hex form is published, with the relay hint", async () => {
    await using relay = await startScriptedRelay(accepting);
    const [hint, own] = ["wss://hint.example", "wss://own.example"];
    const nevent = neventEncode({ id: ID, relays: [hint, own], author: PUBKEY });
    const naddr = naddrEncode({ kind: 30_023, pubkey: PUBKEY, identifier: "a:b", relays: [hint] });
    const nprofile = nprofileEncode({ pubkey: PUBKEY, relays: [hint] });
    const tags = [
      `e=${noteEncode(ID)}`,
      `e=${nevent}`,
      `e=${nevent},${own},reply`,
      `e=${nevent},,root`,
      `e=${noteEncode(ID)},,mention`,
      `E=nostr:${nevent}`,
      `p=${npubEncode(PUBKEY)}`,
      `p=${nprofile}`,
      `a=${naddr}`,
      `a=30023:${PUBKEY}:x`,
      `q=${nevent}`,
      `q=${naddr}`,
      `q=${noteEncode(ID)}`,
      `d=${npubEncode(PUBKEY)}`,
    ];
    const args = ["publish", "hi", "--created-at", "1700000000", "--relay", relay.url];
    const { code, stderr } = await run([...args, ...tags.flatMap((tag) => ["--tag", tag])], withKey);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [[, event]] = relay.received as [[string, Event]];
    expect(event.created_at).toBe(1_700_000_000);
    const address = `30023:${PUBKEY}:a:b`;
    expect(event.tags).toEqual([
      ["e", ID],
      ["e", ID, hint],
      ["e", ID, own, "reply"],
      ["e", ID, hint, "root"],
      ["e", ID, "", "mention"],
      ["E", ID, hint],
      ["p", PUBKEY],
      ["p", PUBKEY, hint],
      ["a", address, hint],
      ["a", `30023:${PUBKEY}:x`],
      ["q", ID, hint, PUBKEY],
      ["q", address, hint, PUBKEY],
      ["q", ID],
      ["d", npubEncode(PUBKEY)],
    ]);
  });

  it("a secret key in a tag is neither published nor repeated", async () => {
    await using relay = await startScriptedRelay(accepting);
    for (const name of ["p", "d"]) {
      const args = ["publish", "hi", "--tag", `${name}=${nsecEncode(SECRET)}`, "--relay", relay.url];
      const { code, stderr } = await run(args, withKey);
      expect(code).toBe(2);
      expect(stderr).not.toContain("nsec1");
    }
    expect(relay.received).toEqual([]);
  });

  it("without content only where that is no mistake, or wanted", async () => {
    await using relay = await startScriptedRelay(accepting);
    const publish = async (...args: string[]) => {
      const { code } = await run(["publish", ...args, "--relay", relay.url], { ...withKey, stdin: "\n" });
      return code;
    };
    for (const kind of ["0", "1", "30023"]) expect(await publish("--kind", kind)).toBe(2);
    expect(relay.received).toEqual([]);
    expect(await publish("--allow-empty")).toBe(0);
    expect(await publish("--kind", "3")).toBe(0);
    expect(relay.received.map(([, event]) => (event as Event).content)).toEqual(["", ""]);
  });

  it("reads content from standard input, without the line feed at its end", async () => {
    await using relay = await startScriptedRelay(accepting);
    expect((await run(["publish", "--relay", relay.url], { ...withKey, stdin: "one\ntwo 🦤\n" })).code).toBe(
      0,
    );
    expect((await run(["publish", "--relay", relay.url, "--", "--help"], withKey)).code).toBe(0);
    expect(relay.received.map(([, event]) => (event as Event).content)).toEqual(["one\ntwo 🦤", "--help"]);
    const spoilt = await run(["publish", "--relay", relay.url], {
      ...withKey,
      stdin: new Uint8Array([0xff, 0x0a]),
    });
    expect(spoilt).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining("not UTF-8") });
  });

  it.each([
    ["nsec in the environment", { NOSTR_SECRET_KEY: nsecEncode(SECRET) }, ""],
    ["hex in .env", {}, `NOSTR_SECRET_KEY=${SECRET_HEX}\n`],
    ["nsec in .env", {}, `export NOSTR_SECRET_KEY="${nsecEncode(SECRET)}" # mine\n`],
    [
      "the environment goes before .env",
      { NOSTR_SECRET_KEY: SECRET_HEX },
      `NOSTR_SECRET_KEY=${"1".repeat(64)}`,
    ],
  ])("key: %s", async (_name, env, file) => {
    await using relay = await startScriptedRelay(accepting);
    writeFileSync(join(folder.path, ".env"), file);
    expect((await run(["publish", "hi", "--relay", relay.url], { env })).code).toBe(0);
    expect(relay.received).toMatchObject([["EVENT", { pubkey: PUBKEY }]]);
  });

  it.each(["", `${SECRET_HEX}00`, SECRET_HEX.slice(1), nsecEncode(SECRET).slice(0, -1), npubEncode(PUBKEY)])(
    "no usable key (%#): one line, and not the key",
    async (key) => {
      const env = { NOSTR_SECRET_KEY: key };
      const { code, stdout, stderr } = await run(["publish", "hi", "--relay", "ws://127.0.0.1:9"], { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(lines(stderr)).toEqual([expect.stringContaining("NOSTR_SECRET_KEY")]);
      expect(stderr).not.toContain(key.slice(0, 20) || SECRET_HEX);
    },
  );

  it("a refusal is told with the relay's reason, made harmless", async () => {
    await using relay = await startScriptedRelay(([, event], say) => {
      say(["NOTICE", "wel\u001b[31mcome"]);
      say("not JSON");
      say(["OK", ID, true, ""]);
      say(["OK", (event as Event).id, false, "blocked: \u001b]0;title\u0007go\naway"]);
    });
    expect(await run(["publish", "hi", "--relay", relay.url], withKey)).toEqual({
      code: 1,
      stdout: "",
      stderr: "the relay says: welcome\nthe relay refused the event: blocked: go away\n",
    });
  });

  it("what is no text where a relay should say some is no crash", async () => {
    await using relay = await startScriptedRelay(([, event], say) => {
      say(["NOTICE", NO_TEXT]);
      say(["OK", (event as Event).id, false, NO_TEXT]);
    });
    expect(await run(["publish", "hi", "--relay", relay.url], withKey)).toEqual({
      code: 1,
      stdout: "",
      stderr: "the relay says: a message without text\nthe relay refused the event: it gave no reason\n",
    });
  });

  it("what the relay adds to its OK goes to standard error", async () => {
    await using relay = await startScriptedRelay(([, event], say) => {
      say(["OK", (event as Event).id, true, "duplicate: known"]);
    });
    const { code, stdout, stderr } = await run(["publish", "hi", "--relay", relay.url], withKey);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "duplicate: known\n" });
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it("no answer, or a closed connection", async () => {
    await using silent = await startScriptedRelay();
    expect(await run(["publish", "hi", "--relay", silent.url], withKey)).toEqual({
      code: 1,
      stdout: "",
      stderr: "the relay did not answer within 5 s\n",
    });
    await using closing = await startScriptedRelay((_message, _say, socket) => socket.close());
    expect(await run(["publish", "hi", "--relay", closing.url], withKey)).toEqual({
      code: 1,
      stdout: "",
      stderr: "the relay closed the connection without an answer\n",
    });
  });
});
