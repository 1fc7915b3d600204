import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDrizzle } from "../../store/database/drizzle.ts";
import { beginChoice, endChoice, outboxStatements, readOutbox } from "../../store/upstreams/outbox.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { readUpstreams, type StoredUpstream, upstreamStatements } from "../../store/upstreams/upstreams.ts";
import { DEFAULT_SETTINGS } from "../../store/upstreams/upstream-settings.ts";
import type { Event } from "../../nostr/event.ts";
import { eventId } from "../../nostr/event.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import "../../tests/fixtures/seed.ts";
import { type ListQuestion, refreshOutbox } from "./outbox.ts";
import { readLists } from "./lists.ts";
import { beginPull, leaseDue } from "../pull/schedule.ts";

const SEED_RELAY = "wss://seed.example";
const OWN = "wss://own.example";
const T0 = 1_700_000_000;
const keyOf = (n: number) => (n + 1).toString(16).padStart(64, "0");
const ME = keyOf(1000);

let db: ReturnType<typeof migratedSqlite>;
let clock: number;
let asked: { url: string; questions: readonly ListQuestion[] }[];
/** What the seed has. */
let elsewhere: Event[];
let problems: unknown[];
beforeEach(() => {
  db = migratedSqlite();
  [clock, asked, elsewhere, problems] = [T0, [], [], []];
});
afterEach(() => db.close());

function anEvent(pubkey: string, kind: number, tags: string[][], created_at = clock): Event {
  const draft = { pubkey, kind, tags, created_at, content: "" };
  return { ...draft, id: eventId(draft), sig: "0".repeat(128) };
}
const follows = (pubkey: string, followed: string[]) =>
  anEvent(
    pubkey,
    3,
    followed.map((key) => ["p", key]),
  );
const writes = (pubkey: string, urls: string[]) =>
  anEvent(
    pubkey,
    10_002,
    urls.map((url) => ["r", url]),
  );

const stored = (...events: Event[]) => createStore(db).commit(events);
const drizzle = () => createDrizzle(db);

async function decide(doing: "add-outbox" | "remove-outbox", pubkey = ME): Promise<void> {
  const [first, ...others] = outboxStatements(drizzle(), { do: doing, pubkey }, clock);
  await drizzle().batch([first!, ...others]);
}

async function refresh(
  change: { configured?: string[]; fails?: boolean; meanwhile?: () => void } = {},
): Promise<void> {
  await refreshOutbox({
    begin: (now) => beginChoice(db, now),
    read: (kind, authors) => readLists(createStore(db), { kind, authors }, clock),
    async fetch(url, questions) {
      asked.push({ url, questions });
      change.meanwhile?.();
      if (change.fails) throw new Error("away");
      const wanted = elsewhere.filter(({ kind, pubkey }) =>
        questions.some((one) => one.kind === kind && one.authors.includes(pubkey)),
      );
      const { fates } = await stored(...wanted);
      return fates.filter((fate) => fate.kind === "stored").length;
    },
    end: (updates, result) => endChoice(db, updates, result),
    own: OWN,
    configured: change.configured ?? [SEED_RELAY],
    now: () => clock,
    report: (error) => problems.push(error),
  });
}

/** Returns the outbox upstreams with their authors. */
async function chosen(): Promise<Record<string, string[]>> {
  const own = (await upstreams()).filter(({ origin }) => origin === "outbox");
  return Object.fromEntries(own.map((one) => [one.url, authorsAt(one)]));
}

function authorsAt({ settings }: StoredUpstream): string[] {
  return (settings?.filters ?? []).flatMap(({ authors = [] }) => authors).sort();
}

const upstreams = () => readUpstreams(drizzle());
const nextHour = () => (clock += 3600);

describe("the outbox of a key", () => {
  it("makes upstreams of where those write whom it follows, each asked only for its authors", async () => {
    const [a, b, c] = [keyOf(1), keyOf(2), keyOf(3)];
    await stored(
      follows(ME, [a, b, c]),
      writes(ME, ["wss://one.example"]),
      writes(a, ["wss://one.example", "wss://two.example"]),
      writes(b, ["wss://two.example"]),
      writes(c, ["ws://127.0.0.1:7777", "wss://localhost", "ws://192.168.0.1", "wss://printer.local", OWN]),
    );
    await decide("add-outbox");
    await refresh();
    expect(await chosen()).toEqual({ "wss://one.example": [ME, a].sort(), "wss://two.example": [a, b] });
    expect((await upstreams()).every(({ settings }) => settings?.interval === 300)).toBe(true);
    const found = { chosenAt: clock, authors: 4, onOne: 2, onNone: 1, withoutList: 0, relays: 2 };
    expect(await readOutbox(drizzle())).toMatchObject(found);
  });

  it("is looked at once an hour, and at once after a change", async () => {
    await stored(follows(ME, []), writes(ME, ["wss://one.example"]));
    await decide("add-outbox");
    for (const [seconds, times] of [
      [0, 1],
      [60, 1],
      [3599, 1],
      [3600, 2],
      [3660, 2],
    ] as const) {
      clock = T0 + seconds;
      await refresh();
      expect(asked.length).toBe(times);
    }
    await decide("remove-outbox");
    await refresh();
    expect(await chosen()).toEqual({});
  });

  it("gets the lists that are missing from other upstreams, and goes on when they have come", async () => {
    const many = Array.from({ length: 600 }, (_, n) => keyOf(n));
    elsewhere = [follows(ME, many), ...many.map((key) => writes(key, ["wss://one.example"]))];
    await decide("add-outbox");
    await refresh();
    expect(asked.map(({ url, questions }) => [url, questions.map(({ kind }) => kind)])).toEqual([
      [SEED_RELAY, [3, 10_002]],
    ]);
    expect(await chosen()).toEqual({});
    for (let n = 0; n < 2; n += 1) {
      clock += 60;
      await refresh();
    }
    expect((await chosen())["wss://one.example"]?.length).toBe(600);
    // Few authors in one question.
    for (const { questions } of asked) {
      for (const { authors } of questions) expect(authors.length).toBeLessThanOrEqual(250);
    }
  });

  it("keeps what it has if lists are lost or no upstream answers, and drops whom nobody follows", async () => {
    const [a, b] = [keyOf(1), keyOf(2)];
    await stored(follows(ME, [a, b]), writes(a, ["wss://one.example"]), writes(b, ["wss://two.example"]));
    await decide("add-outbox");
    await refresh();
    const before = await chosen();
    db.exec("DELETE FROM event");
    nextHour();
    await refresh({ fails: true });
    expect(await chosen()).toEqual(before);
    expect(problems).toHaveLength(1);
    await stored(follows(ME, [b]), writes(b, ["wss://two.example"]));
    nextHour();
    await refresh();
    expect(await chosen()).toEqual({ "wss://two.example": [b] });
  });

  it("leaves alone what an operator has added, paused or named, and what is pulled just now", async () => {
    const authors = Array.from({ length: 5 }, (_, n) => keyOf(n));
    const [a = "", b = "", c = "", d = "", e = ""] = authors;
    await stored(
      follows(ME, authors),
      writes(a, ["wss://operator.example"]),
      writes(b, [SEED_RELAY]),
      writes(c, ["wss://paused.example"]),
      writes(d, ["wss://leased.example"]),
      writes(e, ["wss://failing.example", "wss://other.example", "wss://third.example"]),
    );
    const settings = { ...DEFAULT_SETTINGS, filters: [{ kinds: [1] }] };
    const url = "wss://operator.example";
    const [put, ...rest] = upstreamStatements(drizzle(), {
      do: "put-upstream",
      url,
      origin: "operator",
      settings,
    });
    await drizzle().batch([put!, ...rest]);
    await decide("add-outbox");
    await refresh();
    expect(Object.keys(await chosen())).toEqual([
      "wss://failing.example",
      "wss://leased.example",
      "wss://other.example",
      "wss://paused.example",
    ]);
    db.exec("UPDATE upstream SET is_paused = 1 WHERE url = 'wss://paused.example'");
    db.exec("UPDATE upstream SET failures = 10 WHERE url = 'wss://failing.example'");
    db.exec(`UPDATE upstream SET leased_until = ${T0 + 4000} WHERE url = 'wss://leased.example'`);
    nextHour();
    await stored(follows(ME, [d, e]), writes(d, ["wss://other.example"]));
    await refresh();
    expect(await chosen()).toEqual({
      "wss://failing.example": [e],
      "wss://leased.example": [d],
      "wss://other.example": [d, e].sort(),
      "wss://paused.example": [c],
      "wss://third.example": [e],
    });
    expect((await upstreams()).find((one) => one.url === url)?.settings).toEqual(settings);
    db.exec("INSERT INTO onward (url, sent) VALUES ('wss://leased.example', 1), ('wss://paused.example', 1)");
    // The lease has ended.
    clock += 600;
    await refresh();
    expect(Object.keys(await chosen())).not.toContain("wss://leased.example");
    const { results } = await db.prepare("SELECT url FROM onward").all();
    expect(results).toEqual([{ url: "wss://paused.example" }]);
  });

  it("keeps the cursor of those who stay, and what an operator has set", async () => {
    const [a, b, c] = [keyOf(1), keyOf(2), keyOf(3)];
    const one = "wss://one.example";
    await stored(follows(ME, [a, b]), ...[a, b, c].map((key) => writes(key, [one])));
    await decide("add-outbox");
    await refresh();
    const [first] = await upstreams();
    const cursor = {
      version: 2,
      filters: { [JSON.stringify({ authors: [a, b] })]: { pulledTo: 7, pending: [] } },
    };
    const settings = { ...first?.settings, interval: 900 };
    db.exec(
      `UPDATE upstream SET cursor = '${JSON.stringify(cursor)}', settings = '${JSON.stringify(settings)}'`,
    );
    nextHour();
    await stored(follows(ME, [b, c]));
    await refresh();
    const [after] = await upstreams();
    expect(after?.settings).toMatchObject({ interval: 900, filters: [{ authors: [b] }, { authors: [c] }] });
    expect(after?.cursor.filters).toEqual({
      [JSON.stringify({ authors: [b] })]: { pulledTo: 7, pending: [] },
    });
    const [lease] = await leaseDue(db, [], clock);
    expect((await beginPull(db, lease!, clock))?.cursor).toEqual(after?.cursor);
  });

  it("overwrites neither a pull nor a change that has come while it was made", async () => {
    const [a, b, c] = [keyOf(1), keyOf(2), keyOf(3)];
    const urls = ["wss://changed.example", "wss://pulled.example", "wss://paused.example"];
    await stored(follows(ME, [a, b, c]), ...[a, b, c].map((key, n) => writes(key, [urls[n]!])));
    await decide("add-outbox");
    await refresh();
    nextHour();
    elsewhere = [writes(a, urls)];
    await stored(follows(ME, [a, b]), writes(b, [urls[1]!]), writes(a, urls.slice(0, 2)));
    const pending = [{ since: 5, until: 9 }];
    const settled = JSON.stringify({
      version: 2,
      filters: { '{"authors":["x"]}': { pulledTo: 7, pending } },
    });
    await refresh({
      meanwhile() {
        db.exec(
          `UPDATE upstream SET cursor = '${settled}', health = '{"version":1,"pulls":1}' WHERE url = '${urls[1]}'`,
        );
        db.exec(
          `UPDATE upstream SET settings = json_set(settings, '$.interval', 900) WHERE url = '${urls[0]}'`,
        );
        db.exec(`UPDATE upstream SET is_paused = 1 WHERE url = '${urls[2]}'`);
      },
    });
    const after = new Map((await upstreams()).map((one) => [one.url, one]));
    expect(after.get(urls[0]!)?.settings).toMatchObject({ interval: 900 });
    expect(JSON.stringify(after.get(urls[1]!)?.cursor)).toBe(settled);
    expect(after.get(urls[2]!)?.isPaused).toBe(true);
    nextHour();
    await refresh();
    expect((await chosen())[urls[1]!]).toEqual([a, b]);
  });

  it("does not ask each minute for ever, although a source always has new lists", async () => {
    await stored(follows(ME, [keyOf(1)]));
    await decide("add-outbox");
    for (let minute = 0; minute < 180; minute += 1) {
      clock += 60;
      elsewhere = [follows(ME, [keyOf(1)])];
      await refresh();
    }
    // Eleven in a row, then one an hour later.
    expect(asked.length).toBeGreaterThan(11);
    expect(asked.length).toBeLessThanOrEqual(33);
  });

  it("runs once at a time, and a key that is added meanwhile is not forgotten", async () => {
    await decide("add-outbox");
    const begun = await beginChoice(db, clock);
    expect(begun?.keys).toEqual([ME]);
    expect(await beginChoice(db, clock)).toBeUndefined();
    await decide("add-outbox", keyOf(5));
    const found = { version: 1, authors: 0, onOne: 0, onNone: 0, withoutList: 0, relays: 0 } as const;
    await endChoice(db, [], { found, begun: clock, dueAt: clock + 3600, now: clock });
    expect((await beginChoice(db, clock))?.keys).toEqual([ME, keyOf(5)].sort());
  });
});

it("any graph of follows, as it changes, gives what a simple reference says", async () => {
  const RELAYS = [
    "wss://a.example",
    "wss://b.example",
    "wss://c.example",
    "ws://10.0.0.1",
    "wss://own.example",
  ];
  const PUBLIC = RELAYS.slice(0, 3);
  const aStep = fc.record({
    followed: fc.option(fc.subarray(Array.from({ length: 8 }, (_, n) => n))),
    lists: fc.array(fc.tuple(fc.nat(7), fc.subarray(RELAYS)), { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 1, maxLength: 5 }), async (steps) => {
      db.close();
      db = migratedSqlite();
      clock = T0;
      let followed: string[] = [];
      const lists = new Map<string, string[]>();
      await stored(follows(ME, []));
      await decide("add-outbox");
      for (const step of steps) {
        nextHour();
        if (step.followed) {
          followed = step.followed.map(keyOf);
          await stored(follows(ME, followed));
        }
        for (const [n, urls] of step.lists) {
          clock += 1;
          lists.set(keyOf(n), urls);
          await stored(writes(keyOf(n), urls));
        }
        await refresh();
        const found = await chosen();
        for (const author of [ME, ...followed]) {
          const allowed = (lists.get(author) ?? []).filter((url) => PUBLIC.includes(url));
          const on = Object.keys(found).filter((url) => found[url]?.includes(author));
          expect(allowed).toEqual(expect.arrayContaining(on));
          expect(on.length).toBe(Math.min(2, allowed.length));
        }
        const wanted = [ME, ...followed];
        expect(
          Object.values(found)
            .flat()
            .filter((author) => !wanted.includes(author)),
        ).toEqual([]);
        expect(Object.values(found).every(({ length }) => length > 0)).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});
