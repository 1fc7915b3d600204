/** The contract of the store of dead letters. Each platform runs it on its own database. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Database } from "../../store/database/database.ts";
import { createDeadLetters, type DeadLetters } from "../../store/letters/dead-letters.ts";
import type { DeadLetter } from "../../store/letters/letter-row.ts";
import type { Change, ListName, ModerationStore } from "../../store/moderation/moderation.ts";
import { createModerationStore } from "../../store/moderation/sql-moderation.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import type { Store } from "../../store/store.ts";

const [UP, OTHER] = ["wss://up.example/", "wss://other.example/"];
const [ANN, BOB] = ["a".repeat(64), "b".repeat(64)];
const NOW = 1_700_000_000;
const DAY = 86_400;

const idOf = (n: number) => n.toString(16).padStart(64, "0");

function event(n: number, fields: Record<string, unknown> = {}) {
  const sig = "0".repeat(128);
  return { id: idOf(n), pubkey: ANN, created_at: NOW, kind: 1, tags: [], content: "", sig, ...fields };
}

function letter(what: unknown, fields: Partial<DeadLetter> = {}): DeadLetter {
  return { upstream: UP, reason: "invalid: bad", event: what, attempts: 1, ...fields };
}

const wrapFor = (n: number, ...keys: string[]) =>
  event(n, { kind: 1059, pubkey: BOB, tags: keys.map((key) => ["p", key]) });

/** Returns a letter with a body of about this many bytes. */
const long = (n: number, upstream: string, bytes = 100_000) =>
  letter(event(n, { content: "x".repeat(bytes) }), { upstream });

export function lettersContract(open: () => Promise<Database>): void {
  let db: Database;
  let letters: DeadLetters;
  let moderation: ModerationStore;
  let store: Store;
  beforeEach(async () => {
    db = await open();
    letters = createDeadLetters(db);
    moderation = createModerationStore(db);
    store = createStore(db);
  });

  const stored = async () => {
    const sql = `SELECT upstream, lower(hex(event_id)) AS event, reason, at, attempts, redrive, bytes, body
      FROM dead_letter ORDER BY id`;
    return (await db.prepare(sql).all<Record<string, string | number | null>>()).results;
  };
  const events = async () => (await stored()).map((row) => row["event"]);
  const mark = async () => void (await db.prepare(`UPDATE dead_letter SET redrive = ${NOW}`).all());
  const decide = (...changes: Change[]) =>
    moderation.change(changes, { at: NOW, pubkey: ANN, method: "m", params: [], outcome: "done" });
  const add = (list: ListName, subject: string): Change => ({ do: "add", list, subject, reason: "" });
  const vanish = (pubkey: string, created_at: number) =>
    store.commit([
      {
        id: idOf(created_at),
        pubkey,
        created_at,
        kind: 62,
        tags: [["relay", "ALL_RELAYS"]],
        content: "",
        sig: "0".repeat(128),
      },
    ]);

  it("holds what came, from where, and why it was not stored", async () => {
    const what = event(1, { content: 'quote " \\ \u0000 \ud800 😀' });
    await letters.add([letter(what)], NOW);
    const body = JSON.stringify(what);
    const bytes = new TextEncoder().encode(body).length;
    const head = {
      upstream: UP,
      event: idOf(1),
      reason: "invalid: bad",
      at: NOW,
      attempts: 1,
      redrive: null,
    };
    expect(await stored()).toEqual([{ ...head, bytes, body }]);
    expect(await letters.totals()).toEqual({ letters: 1, bytes, dropped: 0 });
  });

  it("has one letter for an event of an upstream, the last one", async () => {
    await letters.add([letter(event(1)), letter(event(1), { upstream: OTHER })], NOW);
    await mark();
    await letters.add(
      [letter(event(1, { content: "again" }), { reason: "pow: little", attempts: 3 })],
      NOW + 5,
    );
    await letters.add([letter(event(1, { content: "again" }), { reason: "pow: little" })], NOW + 6);
    expect(await stored()).toMatchObject([
      { upstream: UP, event: idOf(1), reason: "pow: little", at: NOW + 6, attempts: 3, redrive: null },
      { upstream: OTHER, reason: "invalid: bad", at: NOW, attempts: 1, redrive: NOW },
    ]);
    const sizes = (await stored()).map(({ bytes }) => Number(bytes));
    expect(await letters.totals()).toMatchObject({ letters: 2, bytes: sizes[0]! + sizes[1]! });
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["text", "text \u0000 \ud800"],
    ["a list", [[[[]]]]],
    ["an object with fields of wrong types", { id: 7, pubkey: {}, created_at: 1e300, kind: 1059, tags: "p" }],
    ["a gift wrap with strange tags", event(1, { kind: 1059, tags: [7, ["p"], ["p", 7], ["p", "text"]] })],
    ["deep JSON", event(1, { tags: JSON.parse("[".repeat(2000) + "]".repeat(2000)) })],
    ["a key that no number is large enough for", event(1, { created_at: 2 ** 60 })],
  ])("holds %s, once", async (_, what) => {
    await letters.add([letter(what)], NOW);
    await letters.add([letter(what)], NOW);
    expect((await stored()).map(({ body }) => body)).toEqual([JSON.stringify(what ?? null)]);
  });

  it("shortens reasons, and removes what could steer a terminal", async () => {
    await letters.add([letter(event(1), { reason: `error: \u001b[31m\n${"😀".repeat(400)}` })], NOW);
    const [row] = await stored();
    expect(row!["reason"]).toBe(`error: [31m${"😀".repeat(289)}`);
  });

  it("does not hold what is too large for a queue, only its size", async () => {
    await letters.add([long(1, UP, 150_000)], NOW);
    const [row] = await stored();
    expect(row!["body"]).toBe(null);
    expect(row!["bytes"]).toBeGreaterThan(150_000);
    expect(await letters.totals()).toEqual({ letters: 1, bytes: 0, dropped: 0 });
  });

  it("takes many letters at once", async () => {
    await letters.add(
      Array.from({ length: 30 }, (_, n) => long(n, UP)),
      NOW,
    );
    expect(await events()).toHaveLength(30);
  });

  it("removes letters after 30 days, and counts them", async () => {
    await letters.add([letter(event(1))], NOW);
    await letters.add([letter(event(2))], NOW + 1);
    await letters.age(NOW + 30 * DAY);
    expect(await letters.totals()).toMatchObject({ letters: 2, dropped: 0 });
    for (const _ of "twice") await letters.age(NOW + 30 * DAY + 1);
    expect(await events()).toEqual([idOf(2)]);
    expect(await letters.totals()).toMatchObject({ letters: 1, dropped: 1 });
  });

  it("holds 8 MB at most: the oldest of the upstream that takes the most go first, and are counted", async () => {
    await letters.add([letter(event(1), { upstream: OTHER })], NOW - 100);
    for (let n = 0; n < 100; n += 10) {
      await letters.add(
        Array.from({ length: 10 }, (_, at) => long(100 + n + at, UP)),
        NOW + n,
      );
    }
    const { letters: count, bytes, dropped } = await letters.totals();
    expect(bytes + 2000 * count).toBeLessThanOrEqual(8_000_000);
    expect(bytes + 2000 * count).toBeGreaterThan(7_800_000);
    expect(count + dropped).toBe(101);
    const left = await events();
    expect(left[0]).toBe(idOf(1));
    expect(left.slice(1)).toEqual(Array.from({ length: count - 1 }, (_, n) => idOf(200 - count + 1 + n)));
  });

  it("holds at most 4,000 short letters", async () => {
    for (let n = 0; n < 5; n += 1) {
      await letters.add(
        Array.from({ length: 1000 }, (_, at) => letter(1000 * n + at)),
        NOW + n,
      );
    }
    const { letters: count, dropped } = await letters.totals();
    expect([count + dropped, count <= 4000, count > 3900]).toEqual([5000, true, true]);
  });

  it("keeps what is marked until it is queued, also if it is old or there is no room", async () => {
    await letters.add([letter(event(1)), long(2, UP)], NOW);
    await mark();
    await letters.age(NOW + 31 * DAY);
    expect(await events()).toEqual([idOf(1), idOf(2)]);
    for (let n = 0; n < 100; n += 10)
      await letters.add(
        Array.from({ length: 10 }, (_, at) => long(100 + n + at, UP)),
        NOW + 31 * DAY,
      );
    expect((await letters.totals()).dropped).toBeGreaterThan(0);
    expect((await events()).slice(0, 2)).toEqual([idOf(1), idOf(2)]);
  });

  it("gives out what is marked, and removes it, but not what has come back meanwhile", async () => {
    await letters.add([letter(event(1)), letter(event(2)), long(3, UP, 150_000)], NOW);
    expect(await letters.marked(10)).toEqual([]);
    await mark();
    const marked = await letters.marked(10);
    expect(marked.map(({ body }) => (JSON.parse(body) as { id: string }).id)).toEqual([idOf(1), idOf(2)]);
    expect(marked[0]).toMatchObject({ upstream: UP, attempts: 1 });
    expect(await letters.marked(1)).toHaveLength(1);
    await letters.add([letter(event(1), { attempts: 2 })], NOW);
    await letters.removeMarked(marked.map(({ id }) => id));
    expect(await events()).toEqual([idOf(1), idOf(3)]);
  });

  describe("what must not come back", () => {
    it("[38] letters of a banned key go, and no new ones are written", async () => {
      await letters.add([letter(event(1)), letter(event(2, { pubkey: BOB }))], NOW);
      await decide(add("banned-pubkey", ANN), { do: "empty", pubkey: ANN });
      await letters.add([letter(event(3)), letter(event(4, { pubkey: BOB }))], NOW);
      expect(await events()).toEqual([idOf(2), idOf(4)]);
      await decide({ do: "remove", list: "banned-pubkey", subject: ANN });
      await letters.add([letter(event(3))], NOW);
      expect(await events()).toEqual([idOf(2), idOf(4), idOf(3)]);
    });

    it("[38] nor of a banned event, from any upstream", async () => {
      await letters.add([letter(event(1)), letter(event(1), { upstream: OTHER }), letter(event(2))], NOW);
      await decide(add("banned-event", idOf(1)));
      await letters.add([letter(event(1)), letter(event(3))], NOW);
      expect(await events()).toEqual([idOf(2), idOf(3)]);
    });

    it("[25] letters of a vanished key go, and gift wraps for it; what is created later stays", async () => {
      const later = event(4, { created_at: NOW + 1 });
      const all = [event(1), event(2, { pubkey: BOB }), event(3, { created_at: "?" }), later];
      const wraps = [wrapFor(5, BOB, ANN), wrapFor(6, BOB)];
      const note = event(7, { pubkey: BOB, tags: [["p", ANN]] });
      const add = () =>
        letters.add(
          [...all, ...wraps, note].map((one) => letter(one)),
          NOW,
        );
      await add();
      await vanish(ANN, NOW);
      const left = [idOf(2), idOf(4), idOf(6), idOf(7)];
      expect(await events()).toEqual(left);
      await add();
      expect(await events()).toEqual(left);
      await vanish(ANN, NOW + 1);
      expect(await events()).toEqual(left.filter((id) => id !== idOf(4)));
      const bytes = (await stored()).reduce((sum, row) => sum + Number(row["bytes"]), 0);
      expect(await letters.totals()).toEqual({ letters: 3, bytes, dropped: 0 });
    });
  });
}
