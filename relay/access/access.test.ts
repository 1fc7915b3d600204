import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { ModerationRecord, Standing } from "../../store/moderation/moderation.ts";
import { NOTHING_DECIDED } from "../../tests/fixtures/moderation.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { parseConfig } from "../config.ts";
import { Access, type AccessDeps } from "./access.ts";

const [ANN, BOB, ALLOWED, BANNED, ADMIN] = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(64)) as [
  string,
  string,
  string,
  string,
  string,
];
const STANDINGS = new Map<string, Standing>([
  [ALLOWED, "allowed"],
  [BANNED, "banned"],
  [ADMIN, undefined],
]);

/** Opens an Access, and counts the calls of its source. */
function openAccess(settings: Record<string, string> = {}, deps: Partial<AccessDeps> = {}) {
  const parsed = parseConfig({ RELAY_ADMINS: ADMIN, ...settings });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const asked = { revision: 0, load: 0, standings: [] as string[][] };
  const gate: Promise<void> | undefined = undefined as Promise<void> | undefined;
  const state = { now: 1000, record: { ...RECORD }, fails: false, reported: [] as unknown[], gate };
  const moderation: AccessDeps["moderation"] = {
    revision: async () => {
      asked.revision += 1;
      await state.gate;
      if (state.fails) throw new Error("the database is away");
      return state.record.revision;
    },
    load: async () => {
      asked.load += 1;
      if (state.fails) throw new Error("the database is away");
      return state.record;
    },
    standings: async (pubkeys) => {
      asked.standings.push(pubkeys);
      return new Map([...STANDINGS].filter(([key]) => pubkeys.includes(key)));
    },
  };
  const access = new Access({
    moderation,
    config: parsed.config,
    now: () => state.now,
    report: (error) => void state.reported.push(error),
    ...deps,
  });
  return { access, asked, state };
}

const RECORD: ModerationRecord = await NOTHING_DECIDED.load();

function event(draft: Partial<Event> = {}): Event {
  return {
    id: "0".repeat(64),
    pubkey: ANN,
    created_at: 1,
    kind: 1,
    tags: [],
    content: "",
    sig: "",
    ...draft,
  };
}

describe("[38] who may write", () => {
  it.each<[access: string, what: Partial<Event>, keys: string[], answer: string | undefined]>([
    ["open", {}, [], undefined],
    ["open", {}, [BOB], undefined],
    ["open", {}, [BANNED], "blocked"],
    ["open", { kind: 20_001, pubkey: BANNED }, [], "blocked"],
    ["auth", {}, [], "auth-required"],
    ["auth", {}, [BOB], undefined],
    ["auth", {}, [BOB, BANNED], "blocked"],
    ["auth", { pubkey: ALLOWED }, [], "auth-required"],
    ["auth", { kind: 62 }, [], undefined],
    ["allow", {}, [], "auth-required"],
    ["allow", {}, [BOB], "restricted"],
    ["allow", {}, [ALLOWED], undefined],
    ["allow", {}, [BOB, ALLOWED], undefined],
    ["allow", {}, [ADMIN], undefined],
    ["allow", { pubkey: ALLOWED }, [], undefined],
    ["allow", { pubkey: ADMIN }, [], undefined],
    ["allow", { kind: 5 }, [], "auth-required"],
    ["allow", { kind: 62 }, [], undefined],
    ["allow", { kind: 1059, tags: [["p", ALLOWED]] }, [], undefined],
    [
      "allow",
      {
        kind: 21_059,
        tags: [
          ["p", BOB],
          ["p", ALLOWED],
        ],
      },
      [],
      undefined,
    ],
    ["allow", { kind: 1059, tags: [["p", BOB]] }, [], "auth-required"],
    ["allow", { kind: 1059, tags: [["e", ALLOWED]] }, [], "auth-required"],
    ["allow", { kind: 1, tags: [["p", ALLOWED]] }, [], "auth-required"],
    ["allow", { pubkey: BANNED }, [ALLOWED], "blocked"],
  ])("%s: %j by %j", async (access, what, keys, answer) => {
    const { access: m } = openAccess({ WRITE_ACCESS: access });
    const refusal = await m.refuseWrite(event(what), new Set(keys), false);
    expect(refusal?.prefix).toBe(answer);
    expect(refusal?.reason).not.toBe("");
  });

  it("says nothing of what other relays send, but that bans and kinds hold for it", async () => {
    const { access: m, state } = openAccess({ WRITE_ACCESS: "allow" });
    state.record = { ...RECORD, disallowedKinds: [7] };
    const upstream = (what: Partial<Event>) => m.refuseWrite(event(what), new Set(), true);
    expect(await upstream({})).toBeUndefined();
    expect(await upstream({ kind: 7 })).toMatchObject({ prefix: "blocked" });
    expect(await upstream({ kind: 20_001, pubkey: BANNED })).toMatchObject({ prefix: "blocked" });
  });

  it("costs no lookup where everybody may: the commit looks at the author", async () => {
    const { access: m, asked } = openAccess();
    await m.refuseWrite(event(), new Set(), false);
    expect(asked.standings).toEqual([]);
  });
});

describe("[38] who may read", () => {
  it.each<[access: string, keys: string[], answer: string | undefined]>([
    ["open", [], undefined],
    ["open", [BANNED], undefined],
    ["auth", [], "auth-required"],
    ["auth", [BOB], undefined],
    ["auth", [BANNED], "restricted"],
    ["allow", [], "auth-required"],
    ["allow", [BOB], "restricted"],
    ["allow", [BOB, ALLOWED], undefined],
    ["allow", [ADMIN], undefined],
    ["allow", [ALLOWED, BANNED], "restricted"],
  ])("%s: %j", async (access, keys, answer) => {
    const { access: m } = openAccess({ READ_ACCESS: access });
    expect((await m.refuseRead(new Set(keys)))?.prefix).toBe(answer);
  });

  it("of writing looks up what is a key, and nothing else that a p tag may hold", async () => {
    const { access: m, asked } = openAccess({ WRITE_ACCESS: "allow" });
    const tags = [
      ["p", "x".repeat(100_000)],
      ["p", ALLOWED],
    ];
    await m.refuseWrite({ ...signedEvent(), kind: 1059, pubkey: ANN, tags }, new Set(), false);
    expect(asked.standings).toEqual([[ANN, ALLOWED]]);
  });

  it("is one lookup for many readers, and none for the same again until something changes", async () => {
    const { access: m, asked, state } = openAccess({ READ_ACCESS: "allow" });
    const readers = [new Set([ANN]), new Set([ALLOWED]), new Set<string>(), new Set([ANN, BOB])];
    const answers = await m.refuseReads(readers);
    expect(answers.map((refusal) => refusal?.prefix)).toEqual([
      "restricted",
      undefined,
      "auth-required",
      "restricted",
    ]);
    await m.refuseRead(new Set([BOB]));
    expect(asked.standings).toEqual([[ANN, ALLOWED, BOB]]);
    state.record = { ...RECORD, revision: 1 };
    await m.reload();
    await m.refuseRead(new Set([BOB]));
    expect(asked.standings).toEqual([[ANN, ALLOWED, BOB], [BOB]]);
  });
});

describe("[38] kinds", () => {
  it.each<[allowed: number[], disallowed: number[], kind: number, refused: boolean]>([
    [[], [], 1, false],
    [[1, 7], [], 1, false],
    [[1, 7], [], 3, true],
    [[1, 7], [], 5, false],
    [[1, 7], [], 62, false],
    [[], [4], 4, true],
    [[], [4], 1, false],
    [[], [5], 5, true],
    [[4], [4], 4, true],
  ])("only %j, not %j: kind %i", async (allowedKinds, disallowedKinds, kind, refused) => {
    const { access: m, state } = openAccess();
    state.record = { ...RECORD, allowedKinds, disallowedKinds };
    const refusal = await m.refuseWrite(event({ kind }), new Set([ADMIN]), false);
    expect(refusal?.prefix).toBe(refused ? "blocked" : undefined);
  });
});

describe("[38] what was changed at run time", () => {
  it("holds instead of the settings, as far as it is a value of theirs; empty text is one", async () => {
    const { access: m, state } = openAccess({ RELAY_NAME: "Old", RELAY_ICON: "https://x.example/i.png" });
    state.record = {
      ...RECORD,
      settings: {
        RELAY_NAME: "New",
        RELAY_ICON: "",
        WRITE_ACCESS: "auth",
        READ_ACCESS: "no longer a mode",
        MAX_LIMIT: "1",
      },
    };
    const { config } = await m.current();
    expect(config).toMatchObject({ RELAY_NAME: "New", RELAY_ICON: "", WRITE_ACCESS: "auth" });
    expect(config).toMatchObject({ READ_ACCESS: "open", MAX_LIMIT: 1000 });
  });

  it("is read once, and looked for again after a minute: one row when nothing has changed", async () => {
    const { access: m, asked, state } = openAccess();
    const first = await m.current();
    state.now += 59;
    expect(await m.current()).toBe(first);
    expect(asked).toMatchObject({ load: 1, revision: 0 });
    state.now += 1;
    expect(await m.current()).toBe(first);
    expect(asked).toMatchObject({ load: 1, revision: 1 });
    state.now += 60;
    state.record = { ...RECORD, revision: 1, disallowedKinds: [1] };
    expect(await m.refuseWrite(event(), new Set(), false)).toMatchObject({ prefix: "blocked" });
    expect(asked).toMatchObject({ load: 2 });
  });

  it("stays what it was while the database is away, and is asked for again soon", async () => {
    const { access: m, state } = openAccess();
    const first = await m.current();
    state.now += 60;
    state.fails = true;
    expect(await m.current()).toBe(first);
    expect(state.reported).toHaveLength(1);
    state.fails = false;
    state.record = { ...RECORD, revision: 1 };
    expect(await m.current()).toBe(first);
    state.now += 5;
    expect((await m.current()).revision).toBe(1);
  });

  it.each<[string, (m: Access, state: { now: number }) => Promise<unknown>]>([
    ["a minute has passed", (m, state) => ((state.now += 60), m.current())],
    ["a change is announced", (m) => m.reload()],
  ])("holds for every message that comes while it is read because %s", async (_, begin) => {
    const { access: m, asked, state } = openAccess();
    await m.current();
    state.record = { ...RECORD, revision: 1, disallowedKinds: [1] };
    const { promise, resolve } = Promise.withResolvers<void>();
    state.gate = promise;
    const begun = begin(m, state);
    const refusals = Promise.all([1, 2].map(() => m.refuseWrite(event(), new Set(), false)));
    resolve();
    await begun;
    expect((await refusals).map((refusal) => refusal?.prefix)).toEqual(["blocked", "blocked"]);
    expect(asked).toMatchObject({ load: 2, revision: 1 });
  });

  it("stays what it was for all who wait while the database is away: it is asked once", async () => {
    const { access: m, asked, state } = openAccess();
    const first = await m.current();
    state.now += 60;
    state.fails = true;
    expect(await Promise.all([m.current(), m.current(), m.current()])).toEqual([first, first, first]);
    expect([asked.revision, state.reported.length]).toEqual([1, 1]);
  });

  it("is there for what is done because of it", async () => {
    const seen: unknown[] = [];
    const { access: m, state } = openAccess(
      {},
      { changed: async () => void seen.push(await m.refuseWrite(event(), new Set(), false)) },
    );
    await m.current();
    state.record = { ...RECORD, revision: 1, disallowedKinds: [1] };
    await m.reload();
    expect(seen).toEqual([undefined, expect.objectContaining({ prefix: "blocked" })]);
  });

  it("is not made up when nothing is known", async () => {
    const { access: m, state } = openAccess();
    state.fails = true;
    await expect(m.current()).rejects.toThrow("the database is away");
    await expect(m.reload()).rejects.toThrow("the database is away");
    state.fails = false;
    expect((await m.current()).revision).toBe(0);
  });

  it("is read anew for whoever asks while it is being read", async () => {
    const { access: m, asked, state } = openAccess();
    const early = m.reload();
    state.record = { ...RECORD, revision: 1 };
    const late = Promise.all([m.reload(), m.reload()]);
    await Promise.all([early, late]);
    expect(asked).toMatchObject({ load: 2, revision: 1 });
    expect(m.moderation?.revision).toBe(1);
  });

  it("is told to the hub before a reload resolves, and again when that failed", async () => {
    const told: number[] = [];
    let fails = false;
    const { access: m, state } = openAccess(
      {},
      {
        changed: async () => {
          await Promise.resolve();
          told.push(state.record.revision);
          if (fails) throw new Error("not everywhere");
        },
      },
    );
    await m.reload();
    await m.reload();
    expect(told).toEqual([0]);
    state.record = { ...RECORD, revision: 1 };
    fails = true;
    await expect(m.reload()).rejects.toThrow("not everywhere");
    fails = false;
    await m.reload();
    await m.reload();
    expect(told).toEqual([0, 1, 1]);
  });
});
