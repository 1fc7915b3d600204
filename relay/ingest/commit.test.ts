import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { searchableText } from "../../nostr/search.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import type { Store } from "../../store/store.ts";
import { Counts } from "../../telemetry/counts.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { gatedCommitter, notes, passAll } from "../../tests/fixtures/committers.ts";
import { spanAt } from "../../tests/fixtures/spans.ts";
import { turn } from "../../tests/fixtures/turn.ts";
import { Committer, passingPublication } from "./commit.ts";
import type { Publication } from "../live/switchboard.ts";

let db: ReturnType<typeof migratedSqlite>;
let store: Store;
beforeEach(() => {
  db = migratedSqlite();
  store = createStore(db);
});
afterEach(() => db.close());

const gated = (pause?: () => Promise<void>) => gatedCommitter(store, pause);

describe("group commit", () => {
  it("takes what came in one turn into the first batch, and the rest while that is stored into the second", async () => {
    const { committer, batches } = gated();
    const [a, b, c, d] = notes(4);
    const first = [a!, b!].map((event) => committer.add(event));
    await turn();
    const second = [c!, d!].map((event) => committer.add(event));
    await turn();
    expect(batches.map(({ events }) => events)).toEqual([[a, b]]);
    batches[0]!.pass();
    expect(await Promise.all(first)).toEqual([
      { kind: "stored", seq: 1 },
      { kind: "stored", seq: 2 },
    ]);
    await turn();
    expect(batches[1]!.events).toEqual([c, d]);
    batches[1]!.pass();
    expect(await Promise.all(second)).toEqual([
      { kind: "stored", seq: 3 },
      { kind: "stored", seq: 4 },
    ]);
  });

  it("of many events is in batches of at most 500", async () => {
    const { committer, batches } = gated();
    const fates = notes(1201).map((event) => committer.add(event));
    for (let at = 0; at < 3; at += 1) {
      await turn();
      batches[at]!.pass();
      await turn();
    }
    await Promise.all(fates);
    expect(batches.map(({ events }) => events.length)).toEqual([500, 500, 201]);
  });

  it("of long events is in batches that fit in one parameter, and one that is longer goes alone", async () => {
    const { committer, batches } = gated();
    const [a, b, c] = notes(3, "x".repeat(600_000), 4);
    const huge = { ...signedEvent(), tags: [["t", "y".repeat(1_600_000)]] };
    const fates = [a!, b!, c!, huge].map((event) => committer.add(event));
    for (let at = 0; at < 3; at += 1) {
      await turn();
      batches[at]!.pass();
      await turn();
    }
    await Promise.all(fates);
    expect(batches.map(({ events }) => events.length)).toEqual([2, 1, 1]);
  });

  it.each([
    ["control characters, which are six bytes each", { kind: 4, content: "\u0001".repeat(80_000) }],
    ["a long d, which is passed twice", { kind: 30_023, tags: [["d", "東".repeat(120_000)]] }],
    [
      "long deletions, which are passed again",
      { kind: 5, content: "x".repeat(100_000), tags: [["e", "ab".repeat(32)]] },
    ],
  ])("of %s is in batches that fit in one parameter", async (_, fields) => {
    const parameters: number[] = [];
    const prepare = db.prepare.bind(db);
    db.prepare = (sql) => {
      const statement = prepare(sql);
      const bind = statement.bind.bind(statement);
      statement.bind = (...values) => {
        parameters.push(...values.map((value) => Buffer.byteLength(String(value))));
        return bind(...values);
      };
      return statement;
    };
    const { committer, batches } = gated();
    const fates = Array.from({ length: 6 }, (__, n) =>
      committer.add(signedEvent({ created_at: 1_700_000_000 + n, ...fields })),
    );
    for (let at = 0; at < batches.length || at === 0; at += 1) {
      await turn();
      batches[at]!.pass();
      await turn();
    }
    await Promise.all(fates);
    expect(Math.max(...parameters)).toBeLessThan(2_000_000);
    expect(batches.length).toBeLessThan(6);
  });

  it.each([
    ["tags", { tags: Array.from({ length: 995 }, (_, n) => ["t", String(n)]) }, [4, 4, 2]],
    [
      "names in deletions",
      { kind: 5, tags: Array.from({ length: 199 }, () => ["e", "ab".repeat(32)]) },
      [2, 2, 2, 2, 2],
    ],
    [
      "tags, and one with more goes alone,",
      { tags: Array.from({ length: 4000 }, () => ["t", "x"]) },
      Array(10).fill(1),
    ],
  ])("of many %s is in batches that the database is soon done with", async (_, fields, sizes) => {
    const { committer, batches } = gated();
    const fates = Array.from({ length: 10 }, (__, n) =>
      committer.add(signedEvent({ created_at: 1_700_000_000 + n, ...fields })),
    );
    for (let at = 0; at < sizes.length; at += 1) {
      await turn();
      batches[at]!.pass();
      await turn();
    }
    await Promise.all(fates);
    expect(batches.map(({ events }) => events.length)).toEqual(sizes);
  });

  it("pauses between batches, so that others are heard who are not in them, and not before the first", async () => {
    const pauses: (() => void)[] = [];
    const { committer, batches } = gated(() => new Promise((resolve) => void pauses.push(resolve)));
    const [a, b, c] = notes(3);
    const fates = [committer.add(a!)];
    await turn();
    expect([batches.length, pauses.length]).toEqual([1, 0]);
    fates.push(committer.add(b!));
    batches[0]!.pass();
    await turn();
    // In a later turn of the event loop.
    fates.push(committer.add(c!));
    await turn();
    expect([batches.length, pauses.length]).toEqual([1, 1]);
    pauses[0]!();
    await turn();
    batches[1]!.pass();
    await Promise.all(fates);
    expect(batches.map(({ events }) => events)).toEqual([[a], [b, c]]);
    expect(pauses).toHaveLength(1);
  });

  it("[35] of text that is searched has room for its terms, which may be longer than it", async () => {
    const committing = gated();
    const fates = notes(20, "\uFDFA".repeat(9000)).map((event) => committing.committer.add(event));
    await passAll(committing, 3);
    await Promise.all(fates);
    for (const { events } of committing.batches) {
      const bytes = events.map((event) => Buffer.byteLength(searchableText(event)));
      expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(1_500_000);
    }
  });

  it("[35] of long texts is bounded by what cutting and indexing them takes", async () => {
    const committing = gated();
    const fates = [...notes(5, "ab ".repeat(16_000)), ...notes(2, "ab ".repeat(40_000), 2)].map((event) =>
      committing.committer.add(event),
    );
    const batches = await passAll(committing, 5);
    await Promise.all(fates);
    expect(batches.map(({ length }) => length)).toEqual([2, 2, 1, 1, 1]);
  });

  it.each([
    ["[23] a deletion", 5, [["e", signedEvent().id]]],
    ["[25] a request to vanish", 62, [["relay", "ALL_RELAYS"]]],
  ])("does not take %s together with what comes after it", async (_, kind, tags) => {
    const { committer, batches, published } = gated();
    const event = signedEvent();
    const request = signedEvent({ kind, tags, created_at: event.created_at + 1 });
    const fates = [request, event].map((one) => committer.add(one));
    for (let at = 0; at < 2; at += 1) {
      await turn();
      batches[at]!.pass();
      await turn();
    }
    expect(await Promise.all(fates)).toEqual([{ kind: "stored", seq: 1 }, { kind: "deleted" }]);
    expect(published.flatMap(({ events }) => events.map((one) => one.event))).toEqual([request]);
  });

  it("makes no text of an event that is stored already, and answers it without another commit", async () => {
    const committing = gated();
    const [long] = notes(1, "words ".repeat(10_000));
    const stored = committing.committer.add(long!);
    await passAll(committing, 1);
    await stored;
    const normalize = vi.spyOn(String.prototype, "normalize");
    const again = [1, 2].map(() => committing.committer.add({ ...long! }));
    expect(await Promise.all(again)).toEqual([{ kind: "duplicate" }, { kind: "duplicate" }]);
    expect(normalize).not.toHaveBeenCalled();
    normalize.mockRestore();
    expect(committing.batches).toHaveLength(1);
  });

  it("[23] carries out a large deletion that comes again", async () => {
    const { committer, batches } = gated();
    const deletion = signedEvent({
      kind: 5,
      tags: Array.from({ length: 99 }, (_, n) => ["e", n.toString(16).padStart(64, "0")]),
    });
    for (const at of [0, 1]) {
      const fate = committer.add(deletion);
      await turn();
      batches[at]!.pass();
      expect(await fate).toMatchObject({ kind: ["stored", "duplicate"][at] });
    }
  });

  it("fails for the events whose database failed, and publishes the others", async () => {
    const [a, b] = notes(2) as [Event, Event];
    const error = new Error("away");
    const published: Publication[] = [];
    const committer = new Committer({
      pause: async () => undefined,
      metrics: new Counts(),
      tracer: noTracer,
      source: "http",
      store: {
        ...store,
        commit: async () => ({
          prev: 4,
          last: 6,
          fates: [
            { kind: "failed", error },
            { kind: "stored", seq: 6 },
          ],
          unfinished: [],
          isRepeated: false,
        }),
      },
      publish: async (publication) => void published.push(publication),
    });
    const [failed, stored] = await Promise.allSettled([committer.add(a), committer.add(b)]);
    expect(failed).toEqual({ status: "rejected", reason: error });
    expect(stored).toEqual({ status: "fulfilled", value: { kind: "stored", seq: 6 } });
    expect(published).toMatchObject([{ prev: 4, last: 6, events: [{ seq: 6, event: b }] }]);
  });

  it("fails for those in the failing batch only, and goes on", async () => {
    const { committer, batches, published } = gated();
    const [a, b] = notes(2);
    const failing = committer.add(a!).catch((error: unknown) => error);
    await turn();
    const later = committer.add(b!);
    batches[0]!.fail(new Error("D1 is away"));
    expect(await failing).toEqual(new Error("D1 is away"));
    await turn();
    batches[1]!.pass();
    expect(await later).toMatchObject({ kind: "stored" });
    expect(published).toHaveLength(1);
    const again = committer.add(a!);
    await turn();
    batches[2]!.pass();
    expect(await again).toMatchObject({ kind: "stored" });
  });
});

describe("[25] a request to vanish", () => {
  const wish = signedEvent({ kind: 62, created_at: 1_700_000_050, tags: [["relay", "ALL_RELAYS"]] });
  const idsLeft = async () => (await store.log(0, 10)).events.map(({ id }) => id);

  /** Returns a committer whose removals begin when `wait` resolves. */
  function committerOf(wait: () => Promise<void>) {
    return new Committer({
      store: {
        commit: (events) => store.commit(events),
        known: (ids) => store.known(ids),
        adopt: (ids) => store.adopt(ids),
        finishDeletion: (id, pause) => wait().then(() => store.finishDeletion(id, pause)),
        removeVanished: (pubkey, pause) => wait().then(() => store.removeVanished(pubkey, pause)),
      },
      publish: async () => undefined,
      pause: async () => undefined,
      metrics: new Counts(),
      tracer: noTracer,
      source: "http",
    });
  }

  it("is answered when all is gone, and nobody else waits for that", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const committer = committerOf(() => promise);
    const [old, other, later] = [
      signedEvent(),
      signedEvent({ pubkey: AUTHORS[1]! }),
      signedEvent({ kind: 7, pubkey: AUTHORS[1]! }),
    ];
    await committer.add(old);
    let isAnswered = false;
    const vanished = committer.add(wish).finally(() => (isAnswered = true));
    expect(await committer.add(other)).toMatchObject({ kind: "stored" });
    expect(await committer.add(later)).toMatchObject({ kind: "stored" });
    expect(isAnswered).toBe(false);
    resolve();
    expect(await vanished).toMatchObject({ kind: "stored" });
    expect(await idsLeft()).toEqual([wish.id, other.id, later.id]);
  });

  it("[23] so is a deletion that names much", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const committer = committerOf(() => promise);
    const named = notes(150);
    await Promise.all(named.map((event) => committer.add(event)));
    const deletion = signedEvent({ kind: 5, tags: named.map(({ id }) => ["e", id]) });
    let isAnswered = false;
    const deleted = committer.add(deletion).finally(() => (isAnswered = true));
    const other = signedEvent({ pubkey: AUTHORS[1]! });
    expect(await committer.add(other)).toMatchObject({ kind: "stored" });
    expect(isAnswered).toBe(false);
    resolve();
    expect(await deleted).toMatchObject({ kind: "stored" });
    expect(await idsLeft()).toEqual([deletion.id, other.id]);
  });

  it("fails alone when the removal fails, and goes on when it comes again", async () => {
    let isAway = true;
    const committer = committerOf(async () => {
      if (isAway) throw new Error("D1 is away");
    });
    const other = signedEvent({ pubkey: AUTHORS[1]! });
    await committer.add(signedEvent());
    const answers = await Promise.allSettled([committer.add(other), committer.add(wish)]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    isAway = false;
    expect(await committer.add(wish)).toEqual({ kind: "duplicate" });
    expect(await idsLeft()).toEqual([other.id, wish.id]);
  });
});

describe("what is published", () => {
  it("[15] is what was stored and where, before anybody is told that it is", async () => {
    const order: string[] = [];
    const published: Publication[] = [];
    const committer = new Committer({
      store,
      publish: async (publication) => {
        await turn();
        order.push("published");
        published.push(publication);
      },
      pause: async () => undefined,
      metrics: new Counts(),
      tracer: noTracer,
      source: "http",
    });
    const [a, b] = notes(2);
    await Promise.all([a!, b!].map((event) => committer.add(event).then(() => order.push("told"))));
    expect(order).toEqual(["published", "told", "told"]);
    expect(published).toEqual([
      {
        version: 1,
        prev: 0,
        last: 2,
        events: [
          { seq: 1, event: a },
          { seq: 2, event: b },
        ],
        ephemeral: [],
      },
    ]);
  });

  it("[16] leaves out duplicates and what lost against a newer version", async () => {
    const { committer, batches, published, metrics, spans } = gated();
    const [old, young] = [signedEvent({ kind: 0 }), signedEvent({ kind: 0, created_at: 1_700_000_001 })];
    const fates = [young, old, young].map((event) => committer.add(event, { trace: spanAt("00-frame") }));
    await turn();
    batches[0]!.pass();
    expect((await Promise.all(fates)).map(({ kind }) => kind)).toEqual(["stored", "superseded", "duplicate"]);
    expect(published[0]).toMatchObject({ events: [{ event: young }], traceparent: "00-commit" });
    const again = committer.add(old);
    await turn();
    batches[1]!.pass();
    expect(await again).toEqual({ kind: "superseded" });
    expect(published).toHaveLength(1);
    expect(metrics.total("events_stored_total", { source: "http" })).toBe(1);
    expect(spans[0]).toEqual({ parent: "00-frame", attributes: { events: 3, source: "http" } });
  });

  it("[7] of an ephemeral event is outside the log, and of any other is a mistake", () => {
    const event = signedEvent({ kind: 20_001 });
    expect(passingPublication(event, "00-x")).toEqual({
      version: 1,
      prev: 0,
      last: 0,
      events: [],
      ephemeral: [event],
      traceparent: "00-x",
    });
    expect(() => passingPublication(signedEvent({ kind: 1 }), undefined)).toThrow("kind 1 is not ephemeral");
  });
});
