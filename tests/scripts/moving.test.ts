/** What is exported and imported again is equal, event by event, by each route. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { signed as signedBy } from "../../scripts/bench/corpus/signing.ts";
import { PUBKEY, SECRET_HEX, signed } from "../fixtures/author.ts";
import { freshFolder, lines, runCli, startCli } from "../fixtures/cli.ts";
import { randomKey } from "../fixtures/random-key.ts";
import { type StoringRelay, startStoringRelay } from "../fixtures/storing-relay.ts";

const MANY = Number(process.env["EVENTS"] ?? 2000);
const folder = freshFolder();
const env = { NOSTR_SECRET_KEY: SECRET_HEX };
const run = (...args: string[]) => runCli("node", args, { cwd: folder.path, env });
const administrated = () => startStoringRelay(500, { RELAY_ADMINS: PUBKEY, WRITE_ACCESS: "allow" });

/** Public events of several authors, and some that only some may see or publish. */
function manyEvents(): { events: Event[]; hidden: Event[] } {
  const keys = [randomKey(), randomKey()];
  const events = Array.from({ length: MANY }, (_, n) =>
    signedBy(keys[n % 2] as (typeof keys)[number], {
      kind: [1, 1, 7, 30_023][n % 4] ?? 1,
      created_at: 1_700_000_000 + ((n * 7919) % MANY),
      tags: [
        ["d", `${n}`],
        ["t", 'a "tag"'],
      ],
      content: `note ${n} \u2028 日本語\n\u0000`,
    }),
  );
  const hidden = [signed("", { kind: 1059, tags: [["p", PUBKEY]] }), signed("secret", { kind: 4 })];
  return { events, hidden };
}

const byId = (events: Event[]) => events.toSorted((a, b) => (a.id < b.id ? -1 : 1));

async function filled(relay: StoringRelay, events: Event[]): Promise<void> {
  for (let at = 0; at < events.length; at += 500) await relay.api.store.commit(events.slice(at, at + 500));
}

describe("export and import", () => {
  it("as a client: everything that a client may see", async () => {
    await using from = await startStoringRelay();
    await using to = await startStoringRelay();
    const { events, hidden } = manyEvents();
    await filled(from, [...events, ...hidden]);
    expect(await run("export", "all.gz", "--relay", from.url)).toMatchObject({ code: 0 });
    expect(await run("import", "all.gz", "--relay", to.url)).toMatchObject({ code: 0 });
    expect(byId(await to.stored())).toEqual(byId(events));
  });

  it("as an admin: everything, in the order of the log, also if an import is interrupted", async () => {
    await using from = await administrated();
    await using to = await administrated();
    const { events, hidden } = manyEvents();
    const all = [...hidden, ...events];
    await filled(from, all);
    const exported = await run("export", "all", "--admin", "--relay", from.url);
    expect(exported).toEqual({
      code: 0,
      stdout: "",
      stderr: `${all.length.toLocaleString("en")} events, 2 of them of private kinds: keep the file as you keep the database\n`,
    });
    const file = join(folder.path, "all");
    expect(lines(readFileSync(file, "utf8")).map((line) => JSON.parse(line) as Event)).toEqual(all);
    const args = ["import", "all", "--admin", "--resume", "--relay", to.url];
    for (let n = 1; n <= 3; n += 1) {
      const running = startCli("node", args, { cwd: folder.path, env });
      await expect
        .poll(async () => (await to.stored()).length, { timeout: 60_000, interval: 50 })
        .toBeGreaterThanOrEqual((all.length * n) / 5);
      running.process.kill("SIGKILL");
      await running.ended;
    }
    expect(await run(...args)).toMatchObject({ code: 0 });
    expect(await to.stored()).toHaveLength(all.length);
    expect(byId(await to.stored())).toEqual(byId(all));
    const { stdout } = await run("export", "--admin", "--kinds", "4,1059", "--relay", to.url);
    expect(byId(lines(stdout).map((line) => JSON.parse(line) as Event))).toEqual(byId(hidden));
  });

  it("--admin without an admin's key says how to become one, and changes nothing", async () => {
    await using relay = await startStoringRelay();
    const { code, stderr } = await run("export", "x", "--admin", "--relay", relay.url);
    expect(code).toBe(1);
    expect(stderr).toContain("is not an admin of this relay (to be an admin, start or deploy the relay with");
    expect((await run("import", "-", "--admin", "--relay", relay.url)).stderr).toContain("is not an admin");
  });

  it("--admin waits for a relay whose database fails for a moment", async () => {
    await using relay = await administrated();
    const { commit } = relay.api.store;
    let failures = 1;
    relay.api.store.commit = (...args) =>
      (failures -= 1) >= 0 ? Promise.reject(new Error("gone")) : commit(...args);
    const running = runCli("node", ["import", "-", "--admin", "--relay", relay.url], {
      cwd: folder.path,
      env,
      stdin: JSON.stringify(signed("one")),
    });
    expect(await running).toMatchObject({
      code: 0,
      stdout: "1 stored, 0 refused\n",
      stderr: expect.stringContaining("the relay cannot reach its database; try again; trying again in 1 s"),
    });
  });

  it("--everything restores decisions too, after the events, and says which line it cannot restore", async () => {
    await using relay = await administrated();
    const decision = (method: string, ...params: unknown[]) =>
      JSON.stringify(["DECISION", { method, params }]);
    const one = signed("one");
    const content = [
      decision("nope"),
      decision("changerelayname", "Moved"),
      JSON.stringify(one),
      '["DECISION"]',
      ...Array.from({ length: 45 }, (_, kind) => decision("disallowkind", 100 + kind)),
      decision("banpubkey", PUBKEY),
      JSON.stringify(signed("two", { kind: 7 })),
    ];
    writeFileSync(join(folder.path, "all"), content.join("\n"));
    const args = ["import", "all", "--admin", "--relay", relay.url];
    expect(await run(...args)).toEqual({
      code: 0,
      stdout: "2 stored, 0 refused, 49 decisions and upstreams, not restored without --everything\n",
      stderr: "",
    });
    const { code, stdout, stderr } = await run(...args, "--everything");
    expect({ code, stdout, stderr: lines(stderr) }).toEqual({
      code: 1,
      stdout: "0 stored, 2 already there, 3 refused, 46 decisions and upstreams restored\n",
      stderr: [
        expect.stringMatching(/^line 1 was refused: invalid: there is no method "nope"/),
        "line 4 was refused: invalid: an event must be a JSON object",
        expect.stringMatching(/^line 50 was refused: restricted: .* is an admin/),
        "3 lines were refused",
      ],
    });
    const exported = await run("export", "--admin", "--everything", "--relay", relay.url);
    expect(exported.stderr).toContain("2 events; 46 decisions and upstreams");
    expect(lines(exported.stdout)).toHaveLength(48);
    expect(lines(exported.stdout)).toContain(decision("changerelayname", "Moved"));
  });
});
