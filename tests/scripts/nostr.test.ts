import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  naddrEncode,
  neventEncode,
  noteEncode,
  nprofileEncode,
  npubEncode,
  nsecEncode,
} from "nostr-tools/nip19";
import { finalizeEvent, generateSecretKey, getPublicKey, verifyEvent } from "nostr-tools/pure";
import { bytesToHex, hexToBytes } from "nostr-tools/utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { RUNTIMES, type CliOptions, runCli, startCli } from "../fixtures/cli.ts";
import { type Script, startScriptedRelay } from "../fixtures/scripted-relay.ts";

const SECRET = generateSecretKey();
const HEX = bytesToHex(SECRET);
const PUBKEY = getPublicKey(SECRET);
const ID = "1".repeat(64);

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "nostr-cli-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function signed(content: string, fields: Partial<Pick<Event, "created_at" | "kind" | "tags">> = {}): Event {
  const event = finalizeEvent({ kind: 1, created_at: 1_700_000_000, tags: [], ...fields, content }, SECRET);
  return JSON.parse(JSON.stringify(event)) as Event;
}

/** Answers every REQ with these events, and EOSE. */
function stored(...events: unknown[]): Script {
  return ([verb, subscription], say) => {
    if (verb !== "REQ") return;
    for (const event of events) say(["EVENT", subscription, event]);
    say(["EOSE", subscription]);
  };
}

const accepting: Script = ([verb, event], say) => {
  if (verb === "EVENT") say(["OK", (event as Event).id, true, ""]);
};

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

describe.each(RUNTIMES)("nostr on %s", (runtime) => {
  const run = (args: string[], options: Partial<CliOptions> = {}) =>
    runCli(runtime, args, { cwd, ...options });
  const withKey = { env: { NOSTR_SECRET_KEY: HEX } };

  describe("called wrongly, ends with 2 and one line", () => {
    it.each([
      [["nope"], 'no command "nope"'],
      [["constructor"], 'no command "constructor"'],
      [["keygen", "--loud"], "--loud"],
      [["keygen", "extra"], "extra"],
      [["keygen", "--force"], "--save"],
      [["req", "--limit", "-1"], "--limit"],
      [["req", "--limit", "many"], '--limit has "many"'],
      [["req", "--kinds", "1,x"], '--kinds has "x"'],
      [["req", "--kinds", "65536"], "65535"],
      [["req", "--ids", "abc"], '--ids has "abc"'],
      [["req", "--authors", noteEncode(ID)], "--authors has"],
      [["req", "--tag", "long=x"], "--tag"],
      [["req", "--tag", "t"], "--tag"],
      [["req", "--tag", "e=x"], "--tag e has"],
      [["req", "--relay", "localhost:8787"], "ws://localhost:8787"],
      [["req", "--relay", "ftp://localhost"], "ws://localhost:8787"],
      [["events", "--amount", "0"], "--amount"],
      [["events", "--orderBy", "up"], "expected asc or desc"],
      [["publish", "a", "b"], "quotes"],
      [["publish", "a", "--kind", "70000"], "--kind"],
      [["publish", "a", "--tag", "=x"], "--tag"],
    ])("%j", async (args, says) => {
      const { code, stdout, stderr } = await run(args, withKey);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(lines(stderr)).toEqual([expect.stringContaining(says)]);
    });
  });

  it.each([[], ["keygen"], ["publish"], ["req"], ["events"], ["relay-info"]])(
    "%s --help",
    async (...command) => {
      const { code, stdout, stderr } = await run([...command, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^Usage: npm run nostr -- /);
    },
  );

  it("without a command tells of all of them", async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(0);
    for (const name of ["keygen", "publish", "req", "events", "relay-info"])
      expect(stdout).toContain(`  ${name} `);
  });

  it.each([["publish", "hi"], ["req"], ["events"], ["relay-info"]])(
    "%s: nothing answers",
    async (...args) => {
      const { code, stdout, stderr } = await run([...args, "--relay", "ws://127.0.0.1:9"], withKey);
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: "",
        stderr: "no relay answers at ws://127.0.0.1:9 : is it running? npm start\n",
      });
    },
  );

  describe("keygen", () => {
    const field = (stdout: string, name: string) => new RegExp(`^${name}\\s+(\\S+)$`, "m").exec(stdout)?.[1];

    it("prints one key pair in both forms, another each time", async () => {
      const { code, stdout } = await run(["keygen"]);
      expect(code).toBe(0);
      const secret = hexToBytes(field(stdout, "secret") ?? "");
      expect(field(stdout, "nsec")).toBe(nsecEncode(secret));
      expect(field(stdout, "pubkey")).toBe(getPublicKey(secret));
      expect(field(stdout, "npub")).toBe(npubEncode(getPublicKey(secret)));
      expect((await run(["keygen"])).stdout).not.toBe(stdout);
      expect(readdirSync(cwd)).toEqual([]);
    });

    it("--save makes .env for its owner alone, and does not print the secret", async () => {
      const { code, stdout, stderr } = await run(["keygen", "--save"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const [, secret = ""] =
        /^NOSTR_SECRET_KEY=([0-9a-f]{64})\n$/.exec(readFileSync(join(cwd, ".env"), "utf8")) ?? [];
      expect(stdout).toContain(npubEncode(getPublicKey(hexToBytes(secret))));
      expect(stdout).not.toContain(secret);
      expect(stdout).not.toContain("nsec1");
      expect(statSync(join(cwd, ".env")).mode & 0o777).toBe(0o600);
      expect(readdirSync(cwd)).toEqual([".env"]);
    });

    it("--save keeps the key that is there, --force replaces it and nothing else", async () => {
      const before = `# mine\nA=1\n\nexport NOSTR_SECRET_KEY="${HEX}"\nB='2 # 3'`;
      const file = join(cwd, ".env");
      writeFileSync(file, before, { mode: 0o640 });
      const refused = await run(["keygen", "--save"]);
      expect(refused.code).toBe(1);
      expect(lines(refused.stderr)).toEqual([expect.stringContaining("--force")]);
      expect(refused.stderr + refused.stdout).not.toContain(HEX);
      expect(readFileSync(file, "utf8")).toBe(before);

      expect((await run(["keygen", "--save", "--force"])).code).toBe(0);
      const after = readFileSync(file, "utf8");
      expect(after).toMatch(/^# mine\nA=1\n\nNOSTR_SECRET_KEY=[0-9a-f]{64}\nB='2 # 3'$/);
      expect(after).not.toContain(HEX);
      expect(statSync(file).mode & 0o777).toBe(0o640);
      expect(readdirSync(cwd)).toEqual([".env"]);
    });

    it("--save adds to a file without a key, an empty one counts as none, and follows links", async () => {
      const file = join(cwd, ".env");
      writeFileSync(join(cwd, "real"), "A=1");
      symlinkSync("real", file);
      expect((await run(["keygen", "--save"])).code).toBe(0);
      expect(readFileSync(join(cwd, "real"), "utf8")).toMatch(/^A=1\nNOSTR_SECRET_KEY=[0-9a-f]{64}\n$/);
      writeFileSync(file, "NOSTR_SECRET_KEY=\n");
      expect((await run(["keygen", "--save"])).code).toBe(0);
      expect(readFileSync(file, "utf8")).toMatch(/^NOSTR_SECRET_KEY=[0-9a-f]{64}\n$/);
    });
  });

  describe("publish", () => {
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

    it("reads content from standard input, without the line feed at its end", async () => {
      await using relay = await startScriptedRelay(accepting);
      expect(
        (await run(["publish", "--relay", relay.url], { ...withKey, stdin: "one\ntwo 🦤\n" })).code,
      ).toBe(0);
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
      ["hex in .env", {}, `NOSTR_SECRET_KEY=${HEX}\n`],
      ["nsec in .env", {}, `export NOSTR_SECRET_KEY="${nsecEncode(SECRET)}" # mine\n`],
      ["the environment goes before .env", { NOSTR_SECRET_KEY: HEX }, `NOSTR_SECRET_KEY=${"1".repeat(64)}`],
    ])("key: %s", async (_name, env, file) => {
      await using relay = await startScriptedRelay(accepting);
      writeFileSync(join(cwd, ".env"), file);
      expect((await run(["publish", "hi", "--relay", relay.url], { env })).code).toBe(0);
      expect(relay.received).toMatchObject([["EVENT", { pubkey: PUBKEY }]]);
    });

    it.each(["", `${HEX}00`, HEX.slice(1), nsecEncode(SECRET).slice(0, -1), npubEncode(PUBKEY)])(
      "no usable key (%#): one line, and not the key",
      async (key) => {
        const env = { NOSTR_SECRET_KEY: key };
        const { code, stdout, stderr } = await run(["publish", "hi", "--relay", "ws://127.0.0.1:9"], { env });
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(lines(stderr)).toEqual([expect.stringContaining("NOSTR_SECRET_KEY")]);
        if (key !== "") expect(stderr).not.toContain(key.slice(0, 20));
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
        stderr: "the relay gave no answer within 5 s\n",
      });
      await using closing = await startScriptedRelay((_message, _say, socket) => socket.close());
      expect(await run(["publish", "hi", "--relay", closing.url], withKey)).toEqual({
        code: 1,
        stdout: "",
        stderr: "the relay closed the connection without an answer\n",
      });
    });
  });

  describe("req", () => {
    it("has a flag for every field of a filter, in all forms of NIP-19", async () => {
      await using relay = await startScriptedRelay(stored());
      const key = "2".repeat(64);
      const { code, stdout, stderr } = await run([
        ...[
          "req",
          "--relay",
          relay.url,
          "--ids",
          `${ID},${noteEncode(ID)}`,
          "--ids",
          neventEncode({ id: ID }),
        ],
        ...["--authors", `${key}, ${npubEncode(key)}`, "--authors", nprofileEncode({ pubkey: key })],
        ...["--kinds", "1,0", "--kinds", "30023", "--since", "0", "--until", "1700000000", "--limit", "7"],
        ...["--tag", `e=${noteEncode(ID)}`, "--tag", `p=${npubEncode(key)}`, "--tag", String.raw`t=a\,b,c=d`],
        ...["--tag", "t=", "--tag", `a=30023:${key}:x`],
      ]);
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
            until: 1_700_000_000,
            limit: 7,
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
      const events = [
        signed("a\nb\u001b[31m\u009b31m\u202e\u2028"),
        signed("日本 🦤", { tags: [["t", "x"]] }),
      ];
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
      const following = startCli(runtime, ["req", "--follow", "--relay", relay.url], { cwd });
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
      const following = startCli(runtime, ["req", "--follow", "--json", "--relay", relay.url], { cwd });
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

  describe("events", () => {
    it("20 newest, unless told otherwise", async () => {
      await using relay = await startScriptedRelay();
      const events = Array.from({ length: 25 }, (_, n) =>
        signed(`note ${n}`, { created_at: 1_700_000_000 + n }),
      );
      await relay.api.store.commit(events);
      const contents = async (...args: string[]) => {
        const { code, stdout, stderr } = await run(["events", "--json", "--relay", relay.url, ...args]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        return lines(stdout).map((line) => (JSON.parse(line) as Event).content);
      };
      const all = events.map(({ content }) => content);
      expect(await contents()).toEqual(all.toReversed().slice(0, 20));
      expect(await contents("--amount", "3", "--orderBy", "asc")).toEqual(all.slice(0, 3));
      expect(await contents("--amount", "100", "--orderBy", "desc")).toEqual(all.toReversed());
      expect(await contents("--keyword", "te 24")).toEqual(["note 24"]);
      expect(await contents("--keyword", "absent")).toEqual([]);
      const { stdout } = await run(["events", "--amount", "1", "--relay", relay.url.replace("ws", "http")]);
      expect(lines(stdout).at(-1)).toBe("  note 24");
    });

    it("reads on from page to page until there are enough", async () => {
      const pool = Array.from({ length: 6 }, (_, n) => signed(`note ${n}`));
      await using relay = await startScriptedRelay();
      const asked: string[] = [];
      relay.answer = (request, response) => {
        const { searchParams } = new URL(request.url ?? "", "http://relay.test");
        asked.push(`${searchParams.get("limit")} ${searchParams.get("cursor")}`);
        const from = Number(searchParams.get("cursor") ?? 0);
        response.end(
          JSON.stringify({ events: pool.slice(from, from + 2), cursor: from < 4 ? String(from + 2) : null }),
        );
      };
      const { code, stdout } = await run(["events", "--json", "--amount", "5", "--relay", relay.url]);
      expect(code).toBe(0);
      expect(lines(stdout).map((line) => (JSON.parse(line) as Event).id)).toEqual(
        pool.slice(0, 5).map(({ id }) => id),
      );
      expect(asked).toEqual(["5 null", "3 2", "1 4"]);
    });

    it.each([
      [400, '{"error":{"code":"invalid","message":"not \\u001b[31mso"}}', "the relay answered 400: not so"],
      [500, "{}", "the relay answered 500: it gave no reason"],
      [200, "<html>", "no JSON"],
      [200, "null", "no page of events"],
      [200, '{"events":[],"cursor":7}', "no page of events"],
      [200, '{"events":[],"cursor":"for ever"}', "no events, and a cursor"],
    ])("%i %s is a failure", async (status, body, says) => {
      await using relay = await startScriptedRelay();
      relay.answer = (_request, response) => response.writeHead(status).end(body);
      const { code, stdout, stderr } = await run(["events", "--relay", relay.url]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(lines(stderr)).toEqual([expect.stringContaining(says)]);
    });
  });

  it("relay-info prints the relay's document", async () => {
    await using relay = await startScriptedRelay();
    const { code, stdout, stderr } = await run(["relay-info", "--relay", relay.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      version: "1.2.3",
      supported_nips: expect.arrayContaining([1, 11]),
    });
  });
});
