import { npubEncode } from "nostr-tools/nip19";
import { describe, expect, it } from "vitest";
import type { UpstreamStatus } from "../../store/upstreams/upstream-status.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { freshFolder, lines, runCli, RUNTIMES } from "../fixtures/cli.ts";
import { type Script, startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { signedEvent } from "../fixtures/signed-events.ts";

const ADMIN = { RELAY_ADMINS: PUBKEY, UPSTREAMS: "wss://listed.test" };
const URL = "wss://upstream.test";
const ANN = "a".repeat(64);
const folder = freshFolder();

describe.each(RUNTIMES)("upstream on %s", (runtime) => {
  const run = (args: string[]) =>
    runCli(runtime, ["upstream", ...args], { cwd: folder.path, env: { NOSTR_SECRET_KEY: SECRET_HEX } });
  const withRelay = (url: string) => async (args: string[]) => run([...args, "--relay", url]);

  it("adds, changes, pauses, resumes, backfills and removes an upstream", async () => {
    await using relay = await startScriptedRelay(() => {}, ADMIN);
    const on = withRelay(relay.url);
    const done = async (...args: string[]) => {
      const { code, stdout, stderr } = await on(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    };
    const shown = async () => JSON.parse(await done("status", URL, "--json")) as UpstreamStatus;

    const filter = ["--kinds", "1,0", "--authors", npubEncode(ANN), "--tag", "t=nostr"];
    const how = ["--direction", "both", "--interval", "600", "--history", "all", "--rate", "30", "--live"];
    expect(await done("add", URL, ...filter, ...how)).toBe(`${URL} is pulled from now on\n`);
    expect(await shown()).toMatchObject({
      origin: "operator",
      state: "new",
      settings: {
        filters: [{ "#t": ["nostr"], authors: [ANN], kinds: [0, 1] }],
        direction: "both",
        live: true,
        interval: 600,
        history: "all",
        rate: 30,
      },
    });
    expect(await done("change", `${URL}/`, "--kinds", "7", "--no-live")).toBe(`${URL} is changed\n`);
    expect((await shown()).settings).toMatchObject({ filters: [{ kinds: [7] }], live: false, interval: 600 });
    await done(
      "change",
      URL,
      "--filter",
      '{"kinds":[0]}',
      "--filter",
      `{"authors":["${ANN}"],"#t":["nostr"]}`,
    );
    const both = [{ kinds: [0] }, { authors: [ANN], "#t": ["nostr"] }];
    expect((await shown()).settings).toMatchObject({ filters: both });
    expect(await done("pause", URL)).toBe(`${URL} is paused\n`);
    expect(await shown()).toMatchObject({ state: "paused" });
    expect(await done("resume", URL)).toBe(`${URL} is resumed\n`);
    await done("backfill", URL, "--since", "5", "--until", "9");
    expect(await shown()).toMatchObject({ state: "new", backfills: [{ since: 5, until: 9 }] });
    expect(await done("remove", URL)).toBe(`${URL} is removed\n`);
    expect(await on(["status", URL])).toMatchObject({
      code: 1,
      stderr: `there is no upstream ${URL}: npm run nostr -- upstream list\n`,
    });
  });

  it("lists upstreams in a table, and shows one in lines", async () => {
    await using relay = await startScriptedRelay(() => {}, ADMIN);
    const on = withRelay(relay.url);
    await on(["add", URL]);
    const { stdout } = await on(["list"]);
    expect(lines(stdout)).toEqual([
      "UPSTREAM             STATE  LAG  GAPS  LOST  HERE  RECEIVED  NEW  LAST SUCCESS  NEXT PULL",
      "wss://upstream.test  new    -    0     0     -     0         0    never         within a minute",
      "wss://listed.test    new    -    0     0     -     0         0    never         within a minute",
    ]);
    const listed = JSON.parse((await on(["list", "--json"])).stdout) as UpstreamStatus[];
    expect(listed.map(({ url }) => url)).toEqual([URL, "wss://listed.test"]);
    const status = (await on(["status"])).stdout;
    expect(status).toMatch(/^wss:\/\/upstream.test\n {2}state {9}new: no pull has ended yet\n/);
    expect(status).toContain("\n\nwss://listed.test\n");
  });

  it("says why the relay refuses", async () => {
    await using relay = await startScriptedRelay(() => {}, ADMIN);
    const on = withRelay(relay.url);
    expect(await on(["remove", "wss://listed.test"])).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "the relay says: wss://listed.test is in the setting UPSTREAMS: remove it from UPSTREAMS, or pause it\n",
    });
  });

  describe("test", () => {
    const event = signedEvent({ created_at: 1_700_000_000 });
    /** A relay with one event, which answers NEG-OPEN as `sync` says. */
    const relayThat =
      (sync: (id: unknown) => unknown[] | undefined): Script =>
      ([verb, id], say) => {
        if (verb === "REQ") {
          say(["EVENT", id, event]);
          say(["EOSE", id]);
        }
        const answer = verb === "NEG-OPEN" && sync(id);
        if (answer) say(answer);
      };

    it("says what a relay can do", async () => {
      await using relay = await startScriptedRelay(relayThat((id) => ["NEG-MSG", id, "61"]));
      const { code, stdout, stderr } = await run(["test", relay.url]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(lines(stdout)).toEqual([
        relay.url,
        expect.stringMatching(/^ {2}document {5}"Tributary" \S+ 1.2.3, NIPs 1 .*77/),
        expect.stringMatching(/^ {2}limits {7}.*max_limit 1,000/),
        expect.stringMatching(/^ {2}connection {3}open after \d+ ms$/),
        expect.stringMatching(
          /^ {2}first event {2}after \d+ ms, kind 1 of 2023-11-14 22:13:20, EOSE after \d+ ms$/,
        ),
        "  AUTH         not asked for",
        "  NIP-77       yes",
      ]);
      expect(relay.received).toContainEqual(["REQ", "test", { limit: 1 }]);
      const report = JSON.parse((await run(["test", relay.url, "--json"])).stdout) as object;
      expect(report).toMatchObject({
        url: relay.url,
        request: { event: { kind: 1, created_at: 1_700_000_000 } },
        negentropy: { speaks: true },
        document: { limits: { max_limit: 1000 } },
      });
    });

    it.each<[what: string, answer: (id: unknown) => unknown[] | undefined, line: RegExp]>([
      ["NOTICE", () => ["NOTICE", "unknown \u001b[2Jcommand"], /NIP-77 {7}no: unknown command$/m],
      [
        "NEG-ERR",
        (id) => ["NEG-ERR", id, "blocked: too many"],
        /NIP-77 {7}yes, but it refused: blocked: too/m,
      ],
      ["silence", () => undefined, /NIP-77 {7}no: it did not answer within 0.5 s$/m],
    ])("a relay that answers NEG-OPEN with %s", async (_, answer, line) => {
      await using relay = await startScriptedRelay(relayThat(answer));
      const { code, stdout } = await run(["test", relay.url, "--timeout", "0.5"]);
      expect(code).toBe(0);
      expect(stdout).toMatch(line);
    });

    it("a relay that wants authentication, after a greeting", async () => {
      await using relay = await startScriptedRelay(([verb, id], say) => {
        if (verb === "REQ") say(["NOTICE", "welcome"]);
        if (verb === "REQ") say(["CLOSED", id, "auth-required: members only"]);
        if (verb === "NEG-OPEN") say(["NEG-ERR", id, "auth-required: members only"]);
      });
      relay.greeting = ["AUTH", "a challenge"];
      const { code, stdout, stderr } = await run(["test", relay.url]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: "no events can be pulled: auth-required: members only; it says: welcome\n",
      });
      expect(stdout).toMatch(/AUTH {9}required to read$/m);
    });

    it("a relay that cannot be reached, or never answers, or sends a forged event", async () => {
      const away = await run(["test", "ws://127.0.0.1:9"]);
      expect(away).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("no events can be pulled: no relay"),
      });
      expect(away.stdout).toMatch(/connection {3}failed$/m);
      await using silent = await startScriptedRelay();
      const secure = await run(["test", silent.url.replace("ws:", "wss:")]);
      expect(secure.stderr).toContain(`TLS failed. If the relay uses ws://, try ${silent.url}\n`);
      expect(await run(["test", silent.url, "--timeout", "0.3"])).toMatchObject({
        code: 1,
        stderr: "no events can be pulled: it did not answer within 0.3 s\n",
      });
      await using forger = await startScriptedRelay(([verb, id], say) => {
        if (verb !== "REQ") return;
        say(["EVENT", id, { ...event, content: "forged" }]);
        say(["EOSE", id]);
      });
      const { stdout } = await run(["test", forger.url, "--timeout", "0.3"]);
      expect(stdout).toMatch(/kind 1 of 2023-11-14 22:13:20, invalid: \S/);
    });
  });
});

describe("upstream --help", () => {
  const help = async (...args: string[]) =>
    (await runCli("node", ["upstream", ...args, "--help"], { cwd: folder.path })).stdout;

  it("lists the subcommands, each of which has its own", async () => {
    const names = [...(await help()).matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name!);
    expect(names).toEqual("add change remove list status pause resume backfill test".split(" "));
    const texts = await Promise.all(names.map((name) => help(name)));
    for (const [at, text] of texts.entries())
      expect(text).toContain(`Usage: npm run nostr -- upstream ${names[at]} `);
  });
});
