/** `npm run nostr -- dead`: dead letters of a relay. */
import { describe, expect, it } from "vitest";
import { createDeadLetters } from "../../store/letters/dead-letters.ts";
import type { Letter, LetterHead } from "../../store/letters/letter-list.ts";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { freshFolder, lines, runCli, RUNTIMES } from "../fixtures/cli.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

const [UP, OTHER] = ["wss://up.example", "wss://other.example"];
const NOW = 1_700_000_000;
const folder = freshFolder();

describe.each(RUNTIMES)("dead on %s", (runtime) => {
  async function aRelay() {
    const db = migratedSqlite();
    const letters = createDeadLetters(db);
    const relay = await startScriptedRelay(() => {}, { RELAY_ADMINS: PUBKEY }, db);
    const run = (...args: string[]) =>
      runCli(runtime, ["dead", ...args, "--relay", relay.url], {
        cwd: folder.path,
        env: { NOSTR_SECRET_KEY: SECRET_HEX },
      });
    return { relay, letters, run };
  }

  it("lists, shows, tries again and removes dead letters", async () => {
    const { relay, letters, run } = await aRelay();
    await using _ = relay;
    expect(await run("list")).toEqual({
      code: 0,
      stdout: "there are no such dead letters\n",
      stderr: "0 of 0\n",
    });
    const event = { ...signedEvent({ content: "hi \u001b[31mred" }), sig: "0".repeat(128) };
    await letters.add([{ upstream: UP, reason: "invalid: the signature is wrong", event, attempts: 1 }], NOW);
    await letters.add(
      [{ upstream: "", reason: "invalid: not a bundle", event: null, attempts: 2 }],
      NOW + 60,
    );
    await letters.add(
      [{ upstream: OTHER, reason: "error: away", event: "x".repeat(130_000), attempts: 1 }],
      NOW + 61,
    );

    const listed = await run("list");
    expect({ code: listed.code, stderr: listed.stderr }).toEqual({ code: 0, stderr: "3 of 3\n" });
    expect(lines(listed.stdout)).toEqual([
      "ID  WHEN                 UPSTREAM             TIMES  REASON",
      "3   2023-11-14 22:14:21  wss://other.example  1      error: away",
      "2   2023-11-14 22:14:20  -                    2      invalid: not a bundle",
      "1   2023-11-14 22:13:20  wss://up.example     1      invalid: the signature is wrong",
    ]);
    const jsonOf = async (...args: string[]) =>
      lines((await run("list", "--json", ...args)).stdout).map((line) => JSON.parse(line) as LetterHead);
    expect((await jsonOf()).map(({ id }) => id)).toEqual([3, 2, 1]);
    expect((await jsonOf("--upstream", `${UP}/`)).map(({ id }) => id)).toEqual([1]);
    expect((await jsonOf("--limit", "1", "--after", "3")).map(({ id }) => id)).toEqual([2]);

    const shown = (await run("show", "1")).stdout;
    expect(lines(shown).slice(0, 5)).toEqual([
      "dead letter 1",
      "  when      2023-11-14 22:13:20 UTC",
      "  upstream  wss://up.example",
      "  reason    invalid: the signature is wrong",
      "  times     1",
    ]);
    expect(shown).not.toContain("\u001b");
    expect(JSON.parse(shown.slice(shown.indexOf("{")))).toEqual(event);
    expect(JSON.parse((await run("show", "1", "--json")).stdout) as Letter).toMatchObject({
      id: 1,
      body: event,
    });
    expect((await run("show", "3")).stdout).toContain("The event is not kept: it was too large.");

    expect(await run("redrive", "1", "2")).toEqual({
      code: 0,
      stdout: "",
      stderr: "2 dead letters will be tried again within about a minute\n",
    });
    expect((await letters.marked(9)).map(({ id }) => id)).toEqual([1, 2]);
    expect((await run("list")).stdout).toContain("(will be tried again) invalid: not a bundle\n");

    expect(await run("purge", "--upstream", UP)).toMatchObject({
      code: 0,
      stderr: "1 dead letter removed\n",
    });
    expect(await run("purge", "1,9")).toEqual({
      code: 1,
      stdout: "",
      stderr: "the relay says: there are no such dead letters: listdeadletters lists them\n",
    });
    expect(await run("purge", "--all")).toMatchObject({ code: 0, stderr: "2 dead letters removed\n" });
    expect(await letters.totals()).toMatchObject({ letters: 0 });
  });

  it("says how many were removed for lack of room or by age", async () => {
    const { relay, letters, run } = await aRelay();
    await using _ = relay;
    await letters.add([{ upstream: UP, reason: "r", event: null, attempts: 1 }], NOW - 31 * 86_400);
    await letters.age(NOW);
    expect((await run("list")).stderr).toBe("0 of 0; removed by age or for lack of room: 1\n");
  });
});
