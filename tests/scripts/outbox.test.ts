/** `npm run nostr -- outbox`: the keys whose follows are pulled. */
import { npubEncode } from "nostr-tools/nip19";
import { describe, expect, it } from "vitest";
import { beginChoice, endChoice } from "../../store/upstreams/outbox.ts";
import { DEFAULT_SETTINGS } from "../../store/upstreams/upstream-settings.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { freshFolder, lines, runCli, RUNTIMES } from "../fixtures/cli.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

const folder = freshFolder();
const NPUB = npubEncode(PUBKEY);

describe.each(RUNTIMES)("outbox on %s", (runtime) => {
  it("adds, lists and removes keys", async () => {
    const db = migratedSqlite();
    await using relay = await startScriptedRelay(() => {}, { RELAY_ADMINS: PUBKEY }, db);
    const run = (...args: string[]) =>
      runCli(runtime, ["outbox", ...args, "--relay", relay.url], {
        cwd: folder.path,
        env: { NOSTR_SECRET_KEY: SECRET_HEX },
      });
    expect((await run("list")).stdout).toBe("no key's follows are pulled: outbox add NPUB\n");
    expect(await run("add", NPUB)).toEqual({
      code: 0,
      stdout: `what ${NPUB} follows is pulled from now on\n`,
      stderr: "",
    });
    expect((await run("add", PUBKEY)).stderr).toContain("is pulled already");
    expect((await run("list")).stderr).toBe("the relays will be chosen within a minute\n");

    const now = Math.floor(Date.now() / 1000);
    await beginChoice(db, now);
    const found = {
      version: 1,
      chosenAt: 1_700_000_000,
      authors: 3,
      onOne: 1,
      onNone: 0,
      withoutList: 2,
      relays: 1,
    } as const;
    const settings = { ...DEFAULT_SETTINGS, filters: [{ authors: [PUBKEY] }] };
    await endChoice(
      db,
      [{ do: "put", url: "wss://one.example", settings, cursor: { version: 2, filters: {} }, pulls: 0 }],
      { found, begun: now, dueAt: now + 3600, now },
    );
    const listed = await run("list");
    expect(lines(listed.stdout).slice(2)).toEqual([
      "RELAY              AUTHORS  STATE",
      "wss://one.example  1        ok",
    ]);
    expect(listed.stdout).toContain(NPUB);
    expect(listed.stderr).toBe(
      "3 authors, chosen 2023-11-14 22:13:20: on one relay 1, on none 0, without a list 2\n",
    );
    expect(JSON.parse((await run("list", "--json")).stdout)).toMatchObject({
      authors: 3,
      keys: [{ pubkey: PUBKEY }],
    });
    expect((await run("remove", NPUB)).stdout).toBe(`what ${NPUB} follows is no longer pulled\n`);
  });
});
