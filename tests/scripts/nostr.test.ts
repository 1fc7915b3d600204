import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import { type ProgramOptions, ROOT } from "../fixtures/program.ts";
import { noteEncode } from "nostr-tools/nip19";
import { SECRET_HEX } from "../fixtures/author.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";

const ID = "1".repeat(64);
const folder = freshFolder();

/** All of them on one runtime: what is wrong is found without what they differ in. */
const WRONG: [args: string[], says: string][] = [
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
  [["admin"], "no method is given, expected one of supportedmethods"],
  [["admin", "ban"], 'no method "ban"'],
  [["admin", "banpubkey"], "pubkey is missing"],
  [["admin", "banpubkey", noteEncode(ID)], "pubkey has"],
  [["admin", "banevent", "x"], "event has"],
  [["admin", "allowkind", "one"], 'kind is "one"'],
  [["admin", "listbannedpubkeys", "x"], "takes 0 parameters"],
];

describe.each(RUNTIMES)("nostr on %s", (runtime) => {
  const run = (args: string[], options: Partial<ProgramOptions> = {}) =>
    runCli(runtime, args, { cwd: folder.path, ...options });
  const withKey = { env: { NOSTR_SECRET_KEY: SECRET_HEX } };

  describe("called wrongly, ends with 2 and one line", () => {
    it.each(runtime === "node" ? WRONG : WRONG.slice(0, 5))("%j", async (args, says) => {
      const { code, stdout, stderr } = await run(args, withKey);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(lines(stderr)).toEqual([expect.stringContaining(says)]);
    });
  });

  it.each([[], ["keygen"], ["publish"], ["req"], ["events"], ["relay-info"], ["admin"]])(
    "%s --help",
    async (...command) => {
      const { code, stdout, stderr } = await run([...command, "--help"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^Usage: npm run nostr -- /);
      const guide = readFileSync(`${ROOT}docs/cli.md`, "utf8");
      for (const [option] of stdout.matchAll(/--[a-z]+/gi)) expect(guide).toMatch(new RegExp(`${option}\\b`));
    },
  );

  it("without a command tells of all of them", async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(0);
    for (const name of ["keygen", "publish", "req", "events", "relay-info", "admin"])
      expect(stdout).toContain(`  ${name} `);
  });

  it.each([["publish", "hi"], ["req"], ["events"], ["relay-info"], ["admin", "listallowedkinds"]])(
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

  it("relay-info prints the relay's document", async () => {
    await using relay = await startScriptedRelay();
    const { code, stdout, stderr } = await run(["relay-info", "--relay", relay.url]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      version: "1.2.3",
      supported_nips: expect.arrayContaining([1, 11]),
    });
  });

  it("an answer that is nested too deeply is one line and a failure", async () => {
    await using relay = await startScriptedRelay();
    relay.answer = (_request, response) =>
      response.end(`{"result":${"[".repeat(50_000)}${"]".repeat(50_000)}}`);
    for (const args of [["relay-info"], ["admin", "listallowedkinds"]]) {
      const { code, stdout, stderr } = await run([...args, "--relay", relay.url], withKey);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(lines(stderr)).toEqual([expect.stringMatching(/answered/)]);
    }
  });
});
