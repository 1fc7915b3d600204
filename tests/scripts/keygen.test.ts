import { describe, expect, it } from "vitest";
import { RUNTIMES, freshFolder, lines, runCli } from "../fixtures/cli.ts";
import type { ProgramOptions } from "../fixtures/program.ts";
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npubEncode, nsecEncode } from "nostr-tools/nip19";
import { getPublicKey } from "nostr-tools/pure";
import { hexToBytes } from "nostr-tools/utils";
import { SECRET_HEX } from "../fixtures/author.ts";

const folder = freshFolder();

describe.each(RUNTIMES)("keygen on %s", (runtime) => {
  const run = (args: string[], options: Partial<ProgramOptions> = {}) =>
    runCli(runtime, args, { cwd: folder.path, ...options });

  const field = (stdout: string, name: string) => new RegExp(`^${name}\\s+(\\S+)$`, "m").exec(stdout)?.[1];

  it("prints one key pair in both forms, another each time", async () => {
    const { code, stdout } = await run(["keygen"]);
    expect(code).toBe(0);
    const secret = hexToBytes(field(stdout, "secret") ?? "");
    expect(field(stdout, "nsec")).toBe(nsecEncode(secret));
    expect(field(stdout, "pubkey")).toBe(getPublicKey(secret));
    expect(field(stdout, "npub")).toBe(npubEncode(getPublicKey(secret)));
    expect((await run(["keygen"])).stdout).not.toBe(stdout);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("--save makes .env for its owner alone, and does not print the secret", async () => {
    const { code, stdout, stderr } = await run(["keygen", "--save"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [, secret = ""] =
      /^NOSTR_SECRET_KEY=([0-9a-f]{64})\n$/.exec(readFileSync(join(folder.path, ".env"), "utf8")) ?? [];
    expect(stdout).toContain(npubEncode(getPublicKey(hexToBytes(secret))));
    expect(stdout).not.toContain(secret);
    expect(stdout).not.toContain("nsec1");
    expect(statSync(join(folder.path, ".env")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual([".env"]);
  });

  it("--save keeps the key that is there, --force replaces it and nothing else", async () => {
    const before = `# mine\nA=1\n\nexport NOSTR_SECRET_KEY="${SECRET_HEX}"\nB='2 # 3'`;
    const file = join(folder.path, ".env");
    writeFileSync(file, before, { mode: 0o640 });
    const refused = await run(["keygen", "--save"]);
    expect(refused.code).toBe(1);
    expect(lines(refused.stderr)).toEqual([expect.stringContaining("--force")]);
    expect(refused.stderr + refused.stdout).not.toContain(SECRET_HEX);
    expect(readFileSync(file, "utf8")).toBe(before);

    expect((await run(["keygen", "--save", "--force"])).code).toBe(0);
    const after = readFileSync(file, "utf8");
    expect(after).toMatch(/^# mine\nA=1\n\nNOSTR_SECRET_KEY=[0-9a-f]{64}\nB='2 # 3'$/);
    expect(after).not.toContain(SECRET_HEX);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder.path)).toEqual([".env"]);
  });

  it("--save adds to a file without a key, an empty one counts as none, and follows links", async () => {
    const file = join(folder.path, ".env");
    writeFileSync(join(folder.path, "real"), "A=1");
    symlinkSync("real", file);
    expect((await run(["keygen", "--save"])).code).toBe(0);
    expect(readFileSync(join(folder.path, "real"), "utf8")).toMatch(/^A=1\nNOSTR_SECRET_KEY=[0-9a-f]{64}\n$/);
    writeFileSync(file, "NOSTR_SECRET_KEY=\n");
    expect((await run(["keygen", "--save"])).code).toBe(0);
    expect(readFileSync(file, "utf8")).toMatch(/^NOSTR_SECRET_KEY=[0-9a-f]{64}\n$/);
  });
});
