/** The contract of every moderation store. Each platform runs it on its own database. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { AuditEntry, Change, ListName, ModerationStore } from "../../store/moderation/moderation.ts";
import type { Store } from "../../store/store.ts";
import { noPause } from "../fixtures/no-pause.ts";

export type ModerationSetup = () => Promise<{
  store: Store;
  moderation: ModerationStore;
  teardown(): Promise<void>;
}>;

const [ANN, BOB, ADMIN] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)];
const ENTRY: AuditEntry = { at: 100, pubkey: ADMIN, method: "m", params: [], outcome: "done" };

let made = 0;
/** Returns an event with a made-up id and signature. Stores do not check them. */
function event(draft: Partial<Event> = {}): Event {
  const id = (made += 1).toString(16).padStart(64, "0");
  return { id, pubkey: ANN, created_at: 10, kind: 1, tags: [], content: "", sig: "0".repeat(128), ...draft };
}

export function moderationContract(name: string, setup: ModerationSetup): void {
  describe(`moderation on ${name}`, () => {
    let at: Awaited<ReturnType<ModerationSetup>>;
    beforeEach(async () => {
      at = await setup();
    });
    afterEach(() => at.teardown());

    describeBans(() => at);
    describeReports(() => at);
    describeDecisions(() => at);
  });
}

type At = () => { store: Store; moderation: ModerationStore };

function add(list: ListName, subject: string, reason = ""): Change {
  return { do: "add", list, subject, reason };
}

async function idsIn(store: Store): Promise<string[]> {
  return (await store.log(0, 5000)).events.map(({ id }) => id);
}

function describeBans(at: At): void {
  it("[38] nothing of a banned key is stored, whatever else is in the commit, until the ban is lifted", async () => {
    const { store, moderation } = at();
    await moderation.change([add("banned-pubkey", ANN)], ENTRY);
    const [banned, profile, other] = [event(), event({ kind: 0 }), event({ pubkey: BOB })];
    const { fates, last } = await store.commit([banned, other, profile]);
    expect(fates).toEqual([{ kind: "banned" }, { kind: "stored", seq: last }, { kind: "banned" }]);
    expect(await idsIn(store)).toEqual([other.id]);
    await moderation.change([{ do: "remove", list: "banned-pubkey", subject: ANN }], ENTRY);
    expect((await store.commit([banned, profile])).fates.map(({ kind }) => kind)).toEqual([
      "stored",
      "stored",
    ]);
  });

  it("[38] a banned event is removed and does not come again; others of its author do", async () => {
    const { store, moderation } = at();
    const [banned, kept] = [event({ tags: [["t", "x"]] }), event()];
    await store.commit([banned, kept]);
    await moderation.change([add("banned-event", banned.id), { do: "remove-event", id: banned.id }], ENTRY);
    expect(await idsIn(store)).toEqual([kept.id]);
    expect((await store.commit([banned])).fates).toEqual([{ kind: "banned" }]);
    expect(await idsIn(store)).toEqual([kept.id]);
  });

  it("[38] a banned version replaces nothing", async () => {
    const { store, moderation } = at();
    const [old, young] = [event({ kind: 0 }), event({ kind: 0, created_at: 20 })];
    await store.commit([old]);
    await moderation.change([add("banned-event", young.id)], ENTRY);
    expect((await store.commit([young])).fates).toEqual([{ kind: "banned" }]);
    expect(await idsIn(store)).toEqual([old.id]);
  });

  it.each(["banned-event", "banned-pubkey"] as const)(
    "[38] a version that was removed by a ban (%s) comes back when that is lifted, and is the newest again",
    async (list) => {
      const { store, moderation } = at();
      const [old, young] = [event({ kind: 0 }), event({ kind: 0, created_at: 20 })];
      await store.commit([young]);
      const subject = list === "banned-event" ? young.id : ANN;
      await moderation.change(
        [
          { do: "add", list, subject, reason: "" },
          { do: "remove-event", id: young.id },
        ],
        ENTRY,
      );
      expect((await store.commit([young])).fates).toEqual([{ kind: "banned" }]);
      await moderation.change([{ do: "remove", list, subject }], ENTRY);
      expect((await store.commit([old])).fates).toMatchObject([{ kind: "stored" }]);
      expect((await store.commit([young])).fates).toMatchObject([{ kind: "stored" }]);
      expect((await store.commit([old])).fates).toEqual([{ kind: "superseded" }]);
      expect(await idsIn(store)).toEqual([young.id]);
    },
  );

  it("[38] everything that a key has published can be removed, however much it is", async () => {
    const { store, moderation } = at();
    const other = event({ pubkey: BOB });
    const many = Array.from({ length: 1001 }, () => event());
    for (let from = 0; from < many.length; from += 500) await store.commit(many.slice(from, from + 500));
    await store.commit([other]);
    const left: number[] = [];
    await moderation.removeEventsOf(ANN, async () => void left.push((await idsIn(store)).length));
    expect(await idsIn(store)).toEqual([other.id]);
    // The removal takes several steps, and others are served between them.
    expect(left.length).toBeGreaterThanOrEqual(3);
    expect(left).toEqual([...new Set(left)]);
    await moderation.removeEventsOf(ANN, noPause);
    expect(await idsIn(store)).toEqual([other.id]);
  });
}

function describeReports(at: At): void {
  const report = (id: string, type: string, content = "", draft: Partial<Event> = {}) =>
    event({
      kind: 1984,
      tags: [
        ["e", id, type],
        ["p", ANN],
      ],
      content,
      pubkey: BOB,
      ...draft,
    });

  it("[38] reported events that are stored wait for a decision, the last reported first", async () => {
    const { store, moderation } = at();
    const [first, second, clean] = [event(), event(), event()];
    await store.commit([first, second, clean]);
    await store.commit([
      // A report that names the event twice counts once.
      report(first.id, "spam", "buy this", {
        created_at: 30,
        tags: [
          ["e", first.id, "spam"],
          ["e", first.id, "spam"],
        ],
      }),
      report(second.id, "illegal", "", { created_at: 40 }),
      report(second.id, "nudity", "see", { created_at: 41 }),
      report("d".repeat(64), "spam"),
      event({ kind: 1984, tags: [["p", ANN, "spam"]] }),
      event({ kind: 1, tags: [["e", clean.id, "spam"]] }),
      report(clean.id, "spam", "", { tags: [["e"], ["e", "zz", "spam"], ["x", clean.id, "spam"]] }),
      report(clean.id, "spam", "", {
        tags: [
          ["e", clean.id],
          ["expiration", "99"],
        ],
      }),
    ]);
    const needing = () => moderation.reportedEvents(100, 10);
    const reasons = [
      { id: second.id, reason: "nudity: see (2 reports)" },
      { id: first.id, reason: "spam: buy this" },
    ];
    expect(await needing()).toEqual(reasons);
    expect(await moderation.reportedEvents(100, 1)).toEqual([reasons[0]]);
    await moderation.change([add("allowed-event", second.id)], ENTRY);
    expect(await needing()).toEqual([reasons[1]]);
    await store.commit([report(second.id, "spam", "again")]);
    expect(await needing()).toEqual([reasons[1]]);
    await moderation.change([{ do: "remove-event", id: first.id }], ENTRY);
    expect(await needing()).toEqual([]);
  });
}

function describeDecisions(at: At): void {
  it("[38] lists have the latest decision first, each subject once with its last reason", async () => {
    const { moderation } = at();
    await moderation.change([add("banned-pubkey", ANN, "spam")], { ...ENTRY, at: 1 });
    await moderation.change([add("banned-pubkey", BOB, "rude")], { ...ENTRY, at: 2 });
    await moderation.change([add("banned-pubkey", ANN, "worse"), add("allowed-pubkey", BOB, "dear")], {
      ...ENTRY,
      at: 3,
    });
    expect(await moderation.list("banned-pubkey")).toEqual([
      { subject: ANN, reason: "worse" },
      { subject: BOB, reason: "rude" },
    ]);
    expect(await moderation.list("allowed-pubkey")).toEqual([{ subject: BOB, reason: "dear" }]);
    expect(await moderation.standings([ANN, BOB, ADMIN])).toEqual(
      new Map([
        [ANN, "banned"],
        [BOB, "banned"],
      ]),
    );
    await moderation.change([{ do: "remove", list: "banned-pubkey", subject: BOB }], ENTRY);
    expect(await moderation.standings([BOB])).toEqual(new Map([[BOB, "allowed"]]));
  });

  it("[38] every change has its line in the audit log, and a new revision; both or neither", async () => {
    const { moderation } = at();
    expect(await moderation.revision()).toBe(0);
    const first = { ...ENTRY, at: 1, method: "banpubkey", params: [ANN, "x"] };
    await moderation.change([add("banned-pubkey", ANN)], first);
    const revision = await moderation.revision();
    expect(revision).toBeGreaterThan(0);
    expect((await moderation.load()).revision).toBe(revision);
    const second = { ...ENTRY, at: 2, outcome: "no such role" };
    await moderation.change([], second);
    expect(await moderation.auditLog(10)).toEqual([second, first]);
    expect(await moderation.auditLog(1)).toEqual([second]);
    const broken = { ...ENTRY, method: null as unknown as string };
    await expect(moderation.change([add("banned-pubkey", BOB)], broken)).rejects.toThrow(/NOT NULL/);
    expect(await moderation.list("banned-pubkey")).toEqual([{ subject: ANN, reason: "" }]);
  });

  it("[38] settings keep their last value", async () => {
    const { moderation } = at();
    const set = (value: string): Change => ({ do: "set", setting: "RELAY_NAME", value });
    await moderation.change([set("one")], ENTRY);
    await moderation.change([set("two")], ENTRY);
    expect((await moderation.load()).settings).toEqual({ RELAY_NAME: "two" });
  });

  it("[38] roles are in their order, with those who have them; a role that goes is taken from all", async () => {
    const { moderation } = at();
    const king = { id: "k", label: "King", description: "rules", color: 37, order: 1 };
    const page = { id: "p", label: "", description: "", color: null, order: null };
    await moderation.change([{ do: "put-role", role: page }], ENTRY);
    await moderation.change([{ do: "put-role", role: king }], ENTRY);
    for (const pubkey of [ANN, BOB, ANN])
      await moderation.change([{ do: "assign", role: "k", pubkey }], ENTRY);
    expect(await moderation.roles()).toEqual([
      { ...king, members: [ANN, BOB] },
      { ...page, members: [] },
    ]);
    await moderation.change([{ do: "unassign", role: "k", pubkey: ANN }], ENTRY);
    await moderation.change([{ do: "put-role", role: { ...king, label: "Queen" } }], ENTRY);
    expect((await moderation.roles())[0]).toEqual({ ...king, label: "Queen", members: [BOB] });
    await moderation.change([{ do: "delete-role", id: "k" }], ENTRY);
    await moderation.change([{ do: "put-role", role: king }], ENTRY);
    expect((await moderation.roles())[0]).toEqual({ ...king, members: [] });
  });

  it("[37] an authorization can be used once, and is remembered as long as it is good", async () => {
    const { moderation } = at();
    const [one, two] = ["1".repeat(64), "2".repeat(64)];
    expect(await moderation.useAuthorization(one, 160, 100)).toBe(true);
    expect(await moderation.useAuthorization(one, 160, 100)).toBe(false);
    expect(await moderation.useAuthorization(two, 160, 100)).toBe(true);
    expect(await moderation.useAuthorization(one, 160, 160)).toBe(false);
    // By then the relay would refuse it as too old, so the store may have forgotten it.
    expect(await moderation.useAuthorization(one, 160, 161)).toBe(true);
  });
}
