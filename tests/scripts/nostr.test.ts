import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import { type ProgramOptions, ROOT } from "../fixtures/program.ts";
import { noteEncode, npubEncode } from "nostr-tools/nip19";
import { SECRET_HEX } from "../fixtures/author.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";

const ID = "1".repeat(64);
const folder = freshFolder();

/** Tested on one runtime only: parsing the arguments does not depend on the runtime. */
const WRONG: [args: string[], says: string][] = [
  [["nope"], 'no command "nope", there are keygen'],
  [["pubish"], "did you mean publish?"],
  [["constructor"], 'no command "constructor"'],
  [["keygen", "--forse"], "there is no option --forse, did you mean --force?"],
  [["keygen", "extra"], "extra"],
  [["keygen", "--force"], "--save"],
  [["req", "--limit", "-1"], '--limit has "-1", expected a number from 0'],
  [["req", "--limit"], "--limit needs a value"],
  [["req", "--search", "--follow"], "--search needs a value"],
  [["req", "--follow=yes"], "--follow takes no value"],
  [["req", "--timeout", "0"], '--timeout is "0", expected seconds'],
  [["req", "--limit", "many"], '--limit has "many"'],
  [["req", "--kinds", "1,x"], '--kinds has "x"'],
  [["req", "--kinds", "65536"], "65535"],
  [["req", "--search", "a b c d e f g h i j k"], "search has 11 words; at most 10 are allowed"],
  [["req", "--ids", "abc"], '--ids has "abc"'],
  [["req", "--authors", noteEncode(ID)], "--authors has"],
  [["req", "--tag", "long=x"], "--tag"],
  [["req", "--tag", "t"], "--tag"],
  [["req", "--tag", "e=x"], "--tag e has"],
  [["req", "--relay", "localhost:8787"], '--relay is "localhost:8787": write ws://localhost:8787'],
  [["req", "--relay", "relay.example/inbox"], "write wss://relay.example/inbox"],
  [["req", "--tag", `a=${npubEncode(ID)}`], "--tag a has"],
  [["req", "--relay", "ftp://localhost"], "ws://localhost:8787"],
  [["events", "--amount", "0"], "--amount"],
  [["events", "--orderBy", "up"], '--orderBy is "up", expected asc or desc'],
  [["events", "--order", "up"], '--order is "up", expected asc or desc'],
  [["events", "--order", "asc", "--search", "x"], "remove --order"],
  [["count", "--limit", "1"], "there is no option --limit"],
  [["publish", "a", "b"], "quotes"],
  [["publish", "a", "--kind", "70000"], "--kind"],
  [["publish", "a", "--tag", "=x"], "--tag"],
  [["publish", "a", "--tag", "e=abc"], '--tag e has "abc", expected 64 lower-case hex characters, note1… or'],
  [["publish", "a", "--tag", `p=${noteEncode(ID)}`], "--tag p has"],
  [["publish", "a", "--tag", `q=${npubEncode(ID)}`], "--tag q has"],
  [["publish", "a", "--created-at", "yesterday"], '--created-at is "yesterday", expected Unix seconds'],
  [["publish", ""], "there is no content"],
  [["publish", " \n\n"], "there is no content"],
  [["publish", "--kind", "30023"], "there is no content"],
  [["admin"], "a method is missing"],
  [["admin", "ban"], 'no method "ban", did you mean banpubkey or banevent?'],
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

  it.each([
    [],
    ["keygen"],
    ["publish"],
    ["req"],
    ["count"],
    ["events"],
    ["relay-info"],
    ["health"],
    ["admin"],
    ["upstream", "add"],
    ["upstream", "test"],
    ["outbox", "add"],
    ["outbox", "list"],
    ["dead", "list"],
    ["dead", "redrive"],
    ["import"],
    ["export"],
    ["sync"],
  ])("%s %s --help", async (...command) => {
    const { code, stdout, stderr } = await run([...command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: npm run nostr -- /);
    const guide = readFileSync(`${ROOT}docs/cli.md`, "utf8");
    for (const [option] of stdout.matchAll(/--[a-z-]*[a-z]/gi))
      expect(guide).toMatch(new RegExp(`${option}\\b`));
  });

  it("without a command tells of all of them", async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(0);
    for (const name of [
      "keygen",
      "publish",
      "req",
      "count",
      "events",
      "relay-info",
      "health",
      "admin",
      "upstream",
      "outbox",
      "dead",
      "import",
      "export",
      "sync",
    ])
      expect(stdout).toContain(`  ${name} `);
  });

  it.each([
    ["publish", "hi"],
    ["req"],
    ["count"],
    ["events"],
    ["relay-info"],
    ["health"],
    ["admin", "listallowedkinds"],
    ["upstream", "list"],
    ["outbox", "list"],
    ["dead", "list"],
    ["import", `${ROOT}LICENSE`],
    ["export"],
    ["sync", "ws://127.0.0.1:10"],
  ])("%s: nothing answers", async (...args) => {
    const { code, stdout, stderr } = await run([...args, "--relay", "ws://127.0.0.1:9"], withKey);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr: "no relay answers at ws://127.0.0.1:9: is it running? npm start -- --port 9\n",
    });
  });

  it("help and --version", async () => {
    expect((await run(["help", "req"])).stdout).toBe((await run(["req", "--help"])).stdout);
    expect((await run(["help"])).stdout).toBe((await run(["--help"])).stdout);
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { version: string };
    expect(await run(["--version"])).toEqual({ code: 0, stdout: `tributary ${version}\n`, stderr: "" });
  });

  it.each([
    ["wss://nowhere.invalid", "cannot connect to wss://nowhere.invalid: the name nowhere.invalid is unknown"],
    [
      "ws://nowhere.invalid:81",
      "cannot connect to ws://nowhere.invalid:81: the name nowhere.invalid is unknown",
    ],
  ])("%s: the name is unknown", async (relay, says) => {
    for (const command of ["req", "relay-info"]) {
      const { code, stderr } = await run([command, "--relay", relay]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: `${says}\n` });
    }
  });

  it("the wrong scheme, and a refusal over HTTP", async () => {
    await using relay = await startScriptedRelay();
    const secure = relay.url.replace("ws:", "wss:");
    for (const command of ["req", "relay-info"]) {
      const { code, stderr } = await run([command, "--relay", secure]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `cannot connect to ${secure}: TLS failed. If the relay uses ws://, try ${relay.url}\n`,
      });
    }
    const busy = createServer((_, response) => response.writeHead(503).end("the relay is full")).listen(
      0,
      "127.0.0.1",
    );
    busy.on("upgrade", (_, socket) =>
      socket.end("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 17\r\n\r\nthe relay is full"),
    );
    await once(busy, "listening");
    const url = `ws://127.0.0.1:${(busy.address() as AddressInfo).port}`;
    const refused = await run(["req", "--relay", url]);
    busy.close();
    expect(refused).toEqual({
      code: 1,
      stdout: "",
      stderr: `${url} refused the WebSocket with HTTP 503: the relay is full\n`,
    });
  });

  it("count prints the number, and tells when it is an estimate", async () => {
    let answer: unknown = { count: 42 };
    await using relay = await startScriptedRelay(([verb, id], say) => {
      if (verb === "COUNT") say(answer === undefined ? ["CLOSED", id, "blocked: no"] : ["COUNT", id, answer]);
    });
    const args = ["count", "--kind", "1", "--tag", `p=${npubEncode(ID)}`, "--relay", relay.url];
    expect(await run(args)).toEqual({ code: 0, stdout: "42\n", stderr: "" });
    expect(relay.received).toEqual([["COUNT", "count", { kinds: [1], "#p": [ID] }]]);
    answer = { count: 42, approximate: true };
    expect(await run(args)).toEqual({ code: 0, stdout: "42\n", stderr: "this is an estimate\n" });
    expect((await run([...args, "--json"])).stdout).toBe('{"count":42,"approximate":true}\n');
    answer = {};
    expect(await run(args)).toMatchObject({ code: 1, stderr: "the relay's answer has no count\n" });
    answer = undefined;
    expect(await run(args)).toMatchObject({ code: 1, stderr: "the relay refused: blocked: no\n" });
  });

  it("--timeout holds for every answer", async () => {
    await using relay = await startScriptedRelay();
    relay.answer = () => undefined;
    for (const command of [
      ["req"],
      ["count"],
      ["publish", "x"],
      ["events"],
      ["relay-info"],
      ["upstream", "list"],
    ]) {
      const { code, stderr } = await run([...command, "--timeout", "0.2", "--relay", relay.url], withKey);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/within 0\.2 s\n$/) });
    }
  });

  it("health fails if the relay does not serve its clients", async () => {
    await using relay = await startScriptedRelay();
    const health = () => run(["health", "--relay", relay.url]);
    const { code, stdout } = await health();
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, status: "ok", problems: [] });
    relay.answer = (_request, response) =>
      response.writeHead(503).end(JSON.stringify({ error: { code: "unavailable", message: "no database" } }));
    expect(await health()).toEqual({ code: 1, stdout: "", stderr: "the relay answered 503: no database\n" });
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

  it("an answer that is nested too deeply is one line and a failure", async () => {
    await using relay = await startScriptedRelay();
    relay.answer = (_request, response) =>
      response.end(`{"result":${"[".repeat(50_000)}${"]".repeat(50_000)}}`);
    for (const args of [["relay-info"], ["admin", "listallowedkinds"]]) {
      const { code, stdout, stderr } = await run([...args, "--relay", relay.url], withKey);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(lines(stderr)).toEqual([expect.stringContaining("answered 200 with JSON that is nested")]);
    }
  });
});
