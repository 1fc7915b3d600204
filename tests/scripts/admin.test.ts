import { npubEncode, noteEncode } from "nostr-tools/nip19";
import { describe, expect, it } from "vitest";
import { METHODS } from "../../nostr/management.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";

const ANN = "a".repeat(64);
const folder = freshFolder();

describe.each(RUNTIMES)("admin on %s", (runtime) => {
  const run = (args: string[], key = SECRET_HEX) =>
    runCli(runtime, ["admin", ...args], { cwd: folder.path, env: { NOSTR_SECRET_KEY: key } });

  it("[38] calls methods, with keys and ids as people write them, and prints the result", async () => {
    await using relay = await startScriptedRelay(() => {}, { RELAY_ADMINS: npubEncode(PUBKEY) });
    const call = async (...args: string[]) => {
      const { code, stdout, stderr } = await run([...args, "--json", "--relay", relay.url]);
      const holds = args[0] === "allowkind" ? "only these kinds are accepted: 7\n" : "";
      expect({ code, stderr }).toEqual({ code: 0, stderr: holds });
      expect(lines(stdout)).toHaveLength(1);
      return JSON.parse(stdout) as unknown;
    };
    expect(await call("banpubkey", npubEncode(ANN), "much spam")).toBe(true);
    expect(await call("listbannedpubkeys")).toEqual([{ pubkey: ANN, reason: "much spam" }]);
    expect(await call("banevent", noteEncode(ANN))).toBe(true);
    expect(await call("listbannedevents")).toEqual([{ id: ANN, reason: "" }]);
    expect(await call("allowkind", "7")).toBe(true);
    expect(await call("listallowedkinds")).toEqual([7]);
    // The relay accepts the same call several times in one second.
    const kinds = await Promise.all([1, 2, 3, 4].map(() => call("listallowedkinds")));
    expect(kinds).toEqual([[7], [7], [7], [7]]);
    const { stdout } = await run(["listbannedpubkeys", "--relay", relay.url.replace("ws", "http")]);
    expect(stdout).toBe(`${JSON.stringify([{ pubkey: ANN, reason: "much spam" }], undefined, 2)}\n`);
  });

  it("[37] is told why when the relay does not obey", async () => {
    await using relay = await startScriptedRelay(() => {}, { RELAY_ADMINS: ANN });
    const { code, stdout, stderr } = await run(["listallowedkinds", "--relay", relay.url]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^the relay says: restricted: .* is not an admin of this relay \(to be an admin, start or deploy the relay with --var RELAY_ADMINS=npub1/,
    );
    relay.answer = (_request, response) => response.writeHead(404).end("{}");
    expect(await run(["listallowedkinds", "--relay", relay.url])).toMatchObject({
      code: 1,
      stderr: "the relay answered 404 without a result: does it support NIP-86?\n",
    });
  });

  it("--help has every method", async () => {
    const { stdout } = await run(["--help"]);
    for (const name of Object.keys(METHODS)) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  });
});
