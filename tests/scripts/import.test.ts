/** `import`: refusals, filters, relays that fail, interruptions. */
import { readFileSync, writeFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { signed as signedBy } from "../../scripts/bench/corpus/signing.ts";
import { LONGEST_LINE } from "../../scripts/move/lines.ts";
import { PUBKEY, SECRET_HEX, signed } from "../fixtures/author.ts";
import { freshFolder, lines, RUNTIMES, runCli, startCli } from "../fixtures/cli.ts";
import { randomKey } from "../fixtures/random-key.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { startStoringRelay } from "../fixtures/storing-relay.ts";

const folder = freshFolder();
const [one, two, three] = [1, 2, 3].map((n) => signed(`note ${n}`, { created_at: 1_700_000_000 + n })) as [
  Event,
  Event,
  Event,
];
const json = JSON.stringify;

const fileOf = (content: string | Uint8Array): string => {
  const path = join(folder.path, "events");
  writeFileSync(path, content);
  return path;
};
const importing = (args: string[], stdin?: string | Uint8Array, env: Record<string, string> = {}) =>
  runCli("node", ["import", ...args], { cwd: folder.path, env, ...(stdin !== undefined && { stdin }) });

const plain = `${json(one)}\n${json(two)}\n${json(three)}\n`;

/** One line that is refused between two events, and why. */
const REFUSALS: [line: string | Uint8Array, says: string][] = [
  ["nothing", "it is not JSON"],
  ["[]", 'it is a list, expected an event or ["EVENT", {…}]'],
  [json(["EVENT"]), 'it is a list, expected an event or ["EVENT", {…}]'],
  [json(["EVENT", "a", two, "b"]), 'it is a list, expected an event or ["EVENT", {…}]'],
  ["{}", "id must be 64 lower-case hex characters"],
  ["7", "an event must be a JSON object"],
  [json({ ...two, sig: one.sig }), "the signature does not belong to this id and pubkey"],
  [json({ ...two, content: "other" }), "id is not the hash of the event"],
  [json({ ...two, created_at: 1.5 }), "created_at must be a non-negative integer of seconds"],
  [new Uint8Array([0x7b, 0xff, 0x7d]), "it is not UTF-8"],
  ["[".repeat(100), "it is nested 100 levels deep; at most 64 are allowed"],
  [json(signed("x".repeat(LONGEST_LINE))), `it is longer than ${LONGEST_LINE} bytes`],
];

describe("import", () => {
  it("a file, then standard input, which has nothing new", async () => {
    await using relay = await startStoringRelay();
    const { code, stdout, stderr } = await importing([fileOf(plain), "--relay", relay.url]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "3 stored, 0 refused\n", stderr: "" });
    expect(await relay.stored()).toEqual([one, two, three]);
    const again = await importing(["-", "--relay", relay.url], gzipSync(plain));
    expect(again.stdout).toBe("0 stored, 3 already there, 0 refused\n");
    expect(existsSync(join(folder.path, "events.import"))).toBe(false);
  });

  it("every refusal has its line and its reason, and the rest is stored", async () => {
    await using relay = await startStoringRelay();
    relay.refused.set(three.id, "blocked: not here");
    const parts = REFUSALS.flatMap(([line]) => [line, "\n"]).map((part) => Buffer.from(part));
    const end = Buffer.from(`${json(two)}\n${json(three)}\n${json(one).slice(0, 50)}`);
    const path = fileOf(Buffer.concat([Buffer.from(`${json(one)}\n`), ...parts, end]));
    const { code, stdout, stderr } = await importing([path, "--relay", relay.url]);
    expect(lines(stderr)).toEqual([
      ...REFUSALS.map(([, says], n) => `line ${n + 2} was refused: ${says}`),
      `line ${REFUSALS.length + 3} was refused: blocked: not here`,
      `line ${REFUSALS.length + 4} was refused: the source ends in the middle of this line`,
      `${REFUSALS.length + 2} lines were refused`,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: `2 stored, ${REFUSALS.length + 2} refused\n` });
    expect(await relay.stored()).toEqual([one, two]);
  });

  it("counts what is superseded, ephemeral or filtered, and sends only what matches", async () => {
    await using relay = await startStoringRelay();
    const [newer, older] = [2, 1].map((at) => signed("", { kind: 10_000, created_at: at }));
    const passing = signed("", { kind: 20_000 });
    const path = fileOf(
      [newer, older, one, one, passing, signed("", { kind: 7 })].map((event) => json(event)).join("\n"),
    );
    const args = ["--kinds", "1,10000,20000", "--authors", PUBKEY];
    expect(await importing([path, "--relay", relay.url, ...args])).toEqual({
      code: 0,
      stdout:
        "2 stored, 1 already there, 1 superseded by a newer version, 0 refused, 1 do not match the filter, 1 ephemeral, not sent\n",
      stderr: "",
    });
    expect(await relay.stored()).toEqual([newer, one]);
  });

  it("--trusted leaves the check to the relay", async () => {
    await using relay = await startStoringRelay();
    const path = fileOf(json({ ...one, sig: two.sig }));
    const { stdout } = await importing([path, "--trusted", "--relay", relay.url]);
    expect(stdout).toMatch(/^1 stored/);
  });

  it("what a broken archive has before its break is stored", async () => {
    await using relay = await startStoringRelay();
    const archive = gzipSync(plain.repeat(3));
    const path = fileOf(archive.subarray(0, archive.length - 8));
    const { code, stderr } = await importing([path, "--relay", relay.url]);
    expect({ code, stderr: lines(stderr) }).toEqual({
      code: 1,
      stderr: [
        "before the end: 3 stored, 6 already there, 0 refused",
        `${path} cannot be read to its end: unexpected end of file`,
      ],
    });
    expect(await relay.stored()).toEqual([one, two, three]);
  });

  it("a relay that limits, fails, asks for authentication and goes away loses nothing", async () => {
    const answers = ["auth-required: who are you?", "rate-limited: slow down; retry in 1 s", "close", ""];
    await using relay = await startScriptedRelay(([verb, event], say, socket) => {
      const { id } = event as Event;
      if (verb === "AUTH") return say(["OK", id, true, ""]);
      const answer = answers.shift() ?? "";
      if (answer === "close") return socket.close();
      if (answer.startsWith("auth-required")) say(["AUTH", "challenge"]);
      return say(["OK", id, answer === "", answer]);
    });
    const args = [fileOf(json(one)), "--auth", "--relay", relay.url];
    const { code, stdout } = await importing(args, undefined, { NOSTR_SECRET_KEY: SECRET_HEX });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1 stored, 0 refused\n" });
    const sent = relay.received.map(([verb]) => verb);
    expect(sent).toEqual(["EVENT", "AUTH", "EVENT", "EVENT", "EVENT"]);
  });

  it("on every runtime reads gzip, and zstd or says that it cannot", async () => {
    await using relay = await startStoringRelay();
    const path = fileOf(gzipSync(plain));
    for (const runtime of RUNTIMES) {
      const run = (...args: string[]) =>
        runCli(runtime, ["import", ...args, "--relay", relay.url], { cwd: folder.path });
      expect(await run(path)).toMatchObject({ code: 0 });
      writeFileSync(join(folder.path, "z"), zstdCompressSync(plain));
      const { code, stderr } = await run("z");
      expect(code === 0 ? "read" : stderr).toMatch(/^read$|this runtime cannot read zstd/);
    }
    expect(await relay.stored()).toEqual([one, two, three]);
  });
});

describe("an interrupted import", () => {
  const KEY = randomKey();
  const MANY = Number(process.env["EVENTS"] ?? 2000);

  it("goes on with --resume: nothing is lost, and the counts are of all runs", async () => {
    await using relay = await startStoringRelay();
    const events = Array.from({ length: MANY }, (_, n) =>
      signedBy(KEY, { kind: 1, tags: [], content: `many ${n}`, created_at: 1_700_000_000 + n }),
    );
    const path = fileOf(events.map((event) => `${json(event)}\n`).join(""));
    const args = ["import", path, "--resume", "--relay", relay.url];
    for (let n = 1; n <= 10; n += 1) {
      const running = startCli("node", args, { cwd: folder.path });
      await relay.has(Math.floor((MANY * n) / 12));
      running.process.kill(n % 2 === 0 ? "SIGINT" : "SIGKILL");
      await running.ended;
    }
    const { code, stdout } = await runCli("node", args, { cwd: folder.path });
    expect(code).toBe(0);
    const [, stored, , there = "0"] =
      /^(\S+) stored(, (\S+) already there)?/.exec(stdout.replaceAll(/(\d),(\d)/g, "$1$2")) ?? [];
    expect(Number(stored) + Number(there)).toBe(MANY);
    expect(await relay.stored()).toEqual(events);
    // It did not begin again each time.
    expect(relay.received.length).toBeLessThan(MANY + 10 * 1000);
  });

  it("is not resumed with another file, relay or filter", async () => {
    await using relay = await startStoringRelay();
    const path = fileOf(plain);
    const args = [path, "--resume", "--relay", relay.url];
    const state = {
      version: 1,
      beginning: { bytes: 4, sha256: "0" },
      target: `${relay.url} {}`,
      position: { number: 1, end: json(one).length + 1 },
      counts: { stored: 1 },
    };
    const saying = async (change: object, more: string[] = []) => {
      writeFileSync(`${path}.import`, json({ ...state, ...change }));
      const { code, stderr } = await importing([...args, ...more]);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await saying({})).toContain("is another file than that of");
    expect(await saying({}, ["--kinds", "1"])).toContain("is of another import");
    expect(await saying({ version: 2 })).toContain(
      "cannot be used: it has another version. Import without --resume",
    );
    expect(readFileSync(path, "utf8")).toBe(plain);
    expect(await importing(["-", "--resume"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("cannot be resumed"),
    });
  });
});
