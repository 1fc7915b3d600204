/** `import --state` and `export --state`: the folder of a relay, without the relay. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqlite } from "../../platforms/sqlite.ts";
import { lockState } from "../../scripts/local/state-lock.ts";
import { createModerationStore } from "../../store/moderation/sql-moderation.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { PUBKEY, signed } from "../fixtures/author.ts";
import { freshFolder, lines, RUNTIMES, runCli } from "../fixtures/cli.ts";
import { fillState, inState, storedIn } from "../fixtures/state-folder.ts";

const folder = freshFolder();
const state = () => join(folder.path, "state");
const run = (...args: string[]) => runCli("node", args, { cwd: folder.path });
const ndjson = (values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const importing = (values: unknown[], ...args: string[]) =>
  runCli("node", ["import", "-", "--state", state(), ...args], { cwd: folder.path, stdin: ndjson(values) });

it("the rules are those of the relay: versions, deletions, bans, policies, private kinds", async () => {
  const note = signed("note");
  const newer = signed("", { kind: 10_000, created_at: 2 });
  const older = signed("", { kind: 10_000, created_at: 1 });
  const banned = signedEvent({ pubkey: AUTHORS[1] ?? "" });
  const doomed = signed("doomed");
  const wrap = signedEvent({ kind: 1059, tags: [["p", PUBKEY]] });
  const guarded = signedEvent({ tags: [["-"]] });
  const deletion = signed("", { kind: 5, tags: [["e", doomed.id]], created_at: 1_700_000_001 });
  const others = [
    signed("", { tags: [["expiration", "1700000001"]] }),
    signed("", { kind: 62, tags: [["relay", "wss://elsewhere.example"]] }),
    { ...note, content: "forged" },
  ];
  await fillState(state(), [note]);
  await inState(state(), async (db) => {
    const change = { do: "add", list: "banned-pubkey", subject: banned.pubkey, reason: "" } as const;
    const entry = { at: 0, pubkey: PUBKEY, method: "banpubkey", params: [], outcome: "done" };
    await createModerationStore(db).change([change], entry);
  });
  const values = [newer, note, older, doomed, deletion, doomed, banned, wrap, guarded, ...others];
  const { code, stdout, stderr } = await importing(values);
  expect({ code, stdout, stderr: lines(stderr) }).toEqual({
    code: 1,
    stdout: "5 stored, 1 already there, 1 superseded by a newer version, 5 refused\n",
    stderr: [
      "line 6 was refused: blocked: its author or its recipient has deleted it",
      "line 7 was refused: blocked: this key is banned on this relay",
      "line 10 was refused: invalid: event expired",
      "line 11 was refused: mute: this request to vanish is for other relays",
      "line 12 was refused: id is not the hash of the event",
      "5 lines were refused",
    ],
  });
  expect(await storedIn(state())).toEqual([note, newer, deletion, wrap, guarded]);
});

it("what is exported is imported again, on every runtime, and private kinds are counted", async () => {
  const notes = Array.from({ length: 1200 }, (_, n) => signed(`note ${n}`, { created_at: 1000 + n }));
  const all = [...notes, signed("secret", { kind: 4 })];
  await fillState(state(), all);
  for (const runtime of RUNTIMES) {
    const other = join(folder.path, runtime);
    await fillState(other, []);
    const cli = (...args: string[]) => runCli(runtime, args, { cwd: folder.path });
    expect(await cli("export", `${runtime}.gz`, "--state", state())).toMatchObject({
      code: 0,
      stderr: "1,201 events, 1 of them of private kinds: keep the file as you keep the database\n",
    });
    expect(await cli("import", `${runtime}.gz`, "--state", other)).toMatchObject({
      code: 0,
      stdout: "1,201 stored, 0 refused\n",
    });
    expect(await storedIn(other)).toEqual(all);
  }
  const { stdout } = await run("export", "--state", state(), "--kinds", "4");
  expect(lines(stdout)).toHaveLength(1);
});

it("a relay that uses the folder keeps imports out, and exports read beside it", async () => {
  const [one, two] = [signed("one"), signed("two")];
  await fillState(state(), [one]);
  using _relay = lockState(state());
  expect(await importing([two])).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^another relay \(process \d+\) uses this state directory: stop it/),
  });
  await inState(state(), async () => {
    expect(await run("export", "--state", state())).toMatchObject({ code: 0, stdout: ndjson([one]) });
  });
});

it("a folder without events, with several databases, or with other options is refused", async () => {
  const saying = async (...args: string[]) => (await run(...args)).stderr;
  for (const command of ["import", "export"]) {
    expect(await saying(command, "-", "--state", state())).toContain(
      "has no events of a relay: check the name, or start the relay once with this folder",
    );
    expect(await saying(command, "-", "--state", state(), "--admin")).toContain(
      "--admin has no meaning with --state",
    );
  }
  await fillState(state(), []);
  const started = join(state(), "d1/miniflare-D1DatabaseObject");
  mkdirSync(started, { recursive: true });
  writeFileSync(join(started, "metadata.sqlite"), "");
  expect(await run("export", "--state", state())).toMatchObject({ code: 0 });
  writeFileSync(join(started, `${"0".repeat(64)}.sqlite`), "");
  expect(await saying("export", "--state", state())).toContain("has several databases");
});

it("--var has the settings of the relay", async () => {
  await fillState(state(), []);
  const { code, stderr } = await importing([signed("too long")], "--var", "MAX_CONTENT_LENGTH=5");
  expect({ code, stderr: lines(stderr)[0] }).toEqual({
    code: 1,
    stderr: "line 1 was refused: invalid: content is longer than 5 characters",
  });
  expect((await importing([], "--var", "MAX_CONTENT=5")).code).toBe(2);
});

it("a batch that fails within a transaction undoes all of it", async () => {
  const db = openSqlite(":memory:");
  db.exec("CREATE TABLE a (b UNIQUE); BEGIN");
  const add = () => db.prepare("INSERT INTO a VALUES (1)");
  await db.batch([add()]);
  await expect(db.batch([add()])).rejects.toThrow("UNIQUE");
  expect(() => db.exec("COMMIT")).toThrow("no transaction is active");
  expect((await db.prepare("SELECT * FROM a").all()).results).toEqual([]);
  db.close();
});
