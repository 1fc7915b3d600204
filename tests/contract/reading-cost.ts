/** The part of the contract in tests/contract/store.ts that bounds what a read costs, in bytes and rows. */
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { loadable, READ_BYTES } from "../../store/walks/read.ts";
import type { Query, Store, StoredEvent } from "../../store/store.ts";
import { finish } from "../../store/work.ts";
import type { Counts } from "../../telemetry/counts.ts";
import { readAll } from "../fixtures/read-all.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import { PUBKEYS } from "../reference/generators.ts";
import type { WireFilter } from "../reference/matcher.ts";
import { note, queryOf, TIMEOUT } from "./queries.ts";

/** Tests reads of events that have half a megabyte each in UTF-8, and a third of that in characters. */
export function describeLongEvents(store: () => Store): void {
  const MOST_BYTES = READ_BYTES + 250_000;
  const bytesIn = (events: StoredEvent[]) =>
    events.reduce((sum, { json }) => sum + new TextEncoder().encode(json).length, 0);

  it(
    "a page of the log is bounded in bytes too, and never empty before the end",
    async () => {
      const ids = await commitLong(40);
      const read: string[] = [];
      for (let from = 0, head = 1; from < head;) {
        const page = await store().log(from, 200);
        expect(bytesIn(page.events)).toBeLessThan(MOST_BYTES);
        read.push(...page.events.map(({ id }) => id));
        ({ head } = page);
        from = page.events.at(-1)!.seq;
      }
      expect(read).toEqual(ids);
    },
    TIMEOUT,
  );

  it(
    "a read brings long events in groups that are bounded in bytes, and no answer is cut short by its size",
    async () => {
      const ids = (await commitLong(40)).toReversed();
      const { result } = await finish(store().read(Array(10).fill(queryOf({}, 500))));
      for (const { events, more } of result.answers) {
        expect(events.map(({ id }) => id)).toEqual(ids);
        expect(more).toBe(false);
        expect(events.every(({ json }) => json === undefined)).toBe(true);
        const groups = loadable(events);
        expect(groups.flat()).toEqual(events);
        for (const group of groups) {
          const loaded = await store().load(group);
          expect(loaded.map(({ id }) => id)).toEqual(group.map(({ id }) => id));
          expect(bytesIn(loaded)).toBeLessThan(MOST_BYTES);
        }
      }
    },
    TIMEOUT,
  );

  it(
    "a read holds few bytes of many short events, and leaves the others to be loaded",
    async () => {
      const tags = [["long", "x".repeat(2900)]];
      const events = Array.from({ length: 1500 }, (_, n) => note(n + 1, { tags }));
      for (let from = 0; from < events.length; from += 100)
        await store().commit(events.slice(from, from + 100));
      const { result } = await finish(store().read(Array(3).fill(queryOf({}, 1500))));
      const held = result.answers.flatMap((answer) => answer.events).filter(({ json }) => json !== undefined);
      expect(result.answers.map((answer) => answer.events.length)).toEqual([1500, 1500, 1500]);
      expect(held.length).toBeGreaterThan(0);
      expect(held.length * 2900).toBeLessThan(260_000);
    },
    TIMEOUT,
  );

  it("an event that has been removed meanwhile is left out when it is loaded", async () => {
    await commitLong(2);
    const { result } = await finish(store().read([queryOf({}, 10)]));
    const [newest, oldest] = result.answers[0]!.events;
    await store().commit([note(9, { kind: 5, tags: [["e", newest!.id]] })]);
    expect((await store().load([newest!, oldest!])).map(({ id }) => id)).toEqual([oldest!.id]);
  });

  async function commitLong(count: number): Promise<string[]> {
    const tags = [["long", "語".repeat(170_000)]];
    const events = Array.from({ length: count }, (_, n) => note(n + 1, { tags }));
    for (const event of events) await store().commit([event]);
    return events.map(({ id }) => id);
  }
}

/** Tests reads of a second that has more events than a step returns, as a bot or an import may produce it. */
export function describeCrowdedSeconds(store: () => Store): void {
  const EVENTS = 600;

  it.each<[WireFilter, number]>([
    [{}, 2],
    [{ kinds: [1] }, 2],
    [{ kinds: [1, 6] }, 3],
    [{ authors: PUBKEYS.slice(0, 2) }, 3],
    [{ "#t": ["common"] }, 2],
    [{ "#t": ["common", "other"] }, 4],
    [{ "#t": ["common", "other"], kinds: [1] }, 4],
    [{ kinds: [1, 6], since: 100, until: 100 }, 3],
  ])(
    "of %j the first ids are found, in few steps",
    async (wire, mostSteps) => {
      const tags = [
        ["t", "common"],
        ["t", "other"],
      ];
      const older = note(50, { tags });
      const crowd = Array.from({ length: EVENTS }, (_, n) =>
        note(100, { tags, content: `${n}`, pubkey: PUBKEYS[n % 2]! }),
      );
      await store().commit([older, ...crowd]);
      const ids = crowd.map(({ id }) => id).toSorted();
      for (const order of ["desc", "asc"] as const) {
        const isOlderFirst = order === "asc" && wire.since === undefined;
        const expected = [...(isOlderFirst ? [older.id] : []), ...(order === "asc" ? ids.toReversed() : ids)];
        for (const limit of [5, 300, EVENTS - 1]) {
          const { answers } = await readAll(store(), [{ ...queryOf(wire, limit), order }]);
          expect(answers[0]!.events.map(({ id }) => id)).toEqual(expected.slice(0, limit));
          expect(answers[0]!.more).toBe(true);
        }
      }
      const work = store().read([queryOf(wire, 5)]);
      let steps = 0;
      let step = await work.next();
      // What is stored during a read is not part of its answer, and takes no place in it.
      const late = Array.from({ length: 20 }, (_, n) => ({
        ...crowd[n]!,
        id: n.toString(16).padStart(64, "0"),
      }));
      await store().commit(late);
      for (; !step.done; step = await work.next()) steps += 1;
      expect(steps).toBeLessThanOrEqual(mostSteps);
      expect(step.value.answers[0]!.events.map(({ id }) => id)).toEqual(ids.slice(0, 5));
    },
    TIMEOUT,
  );
}

/** Tests that a read of many events reads few rows, on databases that count rows. */
export function describeManyEvents(store: () => Store, counts: () => Counts): void {
  const COUNT = 3000;
  const MOST_ROWS = 1500;
  const hex = (n: number) => n.toString(16).padStart(64, "0");

  it(
    "finds versions of somebody who has very many by their d, whichever of their d tags it is, and the newest",
    async () => {
      const versions = Array.from({ length: COUNT }, (_, n) =>
        note(n, {
          kind: 30_382,
          tags: [
            ["d", hex(n)],
            ["d", `second ${n}`],
          ],
        }),
      );
      const notes = Array.from({ length: 20 }, (_, n) => note(COUNT + n));
      await commitAll([...versions, ...notes]);
      const theirs = { authors: [PUBKEYS[0]!], kinds: [30_382] };
      expect(await found({ ...theirs, "#d": [hex(7)] })).toEqual(cheaply([versions[7]!]));
      expect(await found({ ...theirs, "#d": ["second 8"] })).toEqual(cheaply([versions[8]!]));
      expect(await found({ ...theirs, "#d": [hex(7), "second 9", "no"] })).toEqual(
        cheaply([versions[9]!, versions[7]!]),
      );
      expect(await found({ ...theirs, authors: PUBKEYS.slice(0, 2), "#d": [hex(7)] })).toEqual(
        cheaply([versions[7]!]),
      );
      const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");
      const tags = Object.fromEntries(letters.map((letter, n) => [`#${letter}`, [hex(7), hex(n)]]));
      expect(await found({ ...theirs, ...tags, since: 1, until: COUNT })).toEqual(cheaply([]));
      const newest = versions.toReversed();
      expect(await found(theirs, 10)).toEqual(cheaply(newest.slice(0, 10)));
      expect(await found({ ...theirs, kinds: [0, 30_382] }, 10)).toEqual(cheaply(newest.slice(0, 10)));
      const { result: records } = await finish(
        store().records(queryOf(theirs, 0).filter, STRANGERS_VIEW, 10_000),
      );
      expect(records).toHaveLength(40 * COUNT);
    },
    TIMEOUT,
  );

  it(
    "finds versions of somebody who has few of them among very much else",
    async () => {
      const notes = Array.from({ length: COUNT }, (_, n) => note(1000 + n));
      const versions = Array.from({ length: 20 }, (_, n) =>
        note(n, { kind: 30_008, tags: [["d", `badges ${n}`]] }),
      );
      const others = Array.from({ length: COUNT }, (_, n) =>
        note(n, { kind: 30_008, pubkey: hex(n), tags: [["d", "badges 7"]] }),
      );
      await commitAll([...notes, ...versions, ...others]);
      const theirs = { authors: [PUBKEYS[0]!], kinds: [30_008] };
      expect(await found({ ...theirs, "#d": ["badges 7"] })).toEqual(cheaply([versions[7]!]));
      expect(await found(theirs, 10)).toEqual(cheaply(versions.toReversed().slice(0, 10)));
    },
    TIMEOUT,
  );

  it(
    "finds what is new of lists of kinds and of authors",
    async () => {
      const events = Array.from({ length: COUNT }, (_, n) =>
        note(n, { kind: n % 2 === 0 ? 1 : 7, pubkey: PUBKEYS[n % 3]! }),
      );
      await commitAll(events);
      const newest = events.toReversed();
      expect(await found({ kinds: [1, 7] }, 50)).toEqual(cheaply(newest.slice(0, 50)));
      expect(await found({ kinds: [1, 7] }, 10, 100)).toEqual(cheaply(newest.slice(0, 10)));
      const theirs = newest.filter(({ pubkey }) => pubkey !== PUBKEYS[0]);
      expect(await found({ authors: [PUBKEYS[1]!, PUBKEYS[2]!] }, 10, 100)).toEqual(
        cheaply(theirs.slice(0, 10)),
      );
    },
    TIMEOUT,
  );

  it(
    "finds what is new of popular tags",
    async () => {
      const events = Array.from({ length: COUNT }, (_, n) =>
        note(n, { tags: [["t", n % 2 === 0 ? "even" : "odd"]] }),
      );
      await commitAll(events);
      const filter = { "#t": ["even", "odd", "neither"], since: COUNT - 5 };
      expect(await found(filter)).toEqual(cheaply(events.slice(-5).toReversed()));
      expect(await found({ ...filter, kinds: [1] })).toEqual(cheaply(events.slice(-5).toReversed()));
      expect(await found({ "#t": ["even", "odd"], until: 4 })).toEqual(
        cheaply(events.slice(0, 5).toReversed()),
      );
      const after = { ...queryOf({ "#t": ["even", "odd"] }, 100), after: events[4]! };
      expect(await read(after)).toEqual(cheaply(events.slice(0, 4).toReversed()));
    },
    TIMEOUT,
  );

  describe("of a returned event", () => {
    const authors = Array.from({ length: 120 }, (_, n) => hex(n + 1));
    const followed = authors.filter((_, n) => n % 3 === 0);
    const tags = [["t", "popular"]];

    /** Returns events of all authors in turn; one in three is a reaction. */
    const published = (created_at: (n: number) => number) =>
      Array.from({ length: COUNT }, (_, n) =>
        note(created_at(n), {
          kind: n % 3 === 1 ? 7 : 1,
          pubkey: authors[(n * 7) % authors.length]!,
          tags,
          content: `${n}`,
        }),
      );

    /** Rows of a read, at most, for each event that it returns. */
    const MOST: [string, WireFilter, number, number][] = [
      ["newest", {}, 500, 1.1],
      ["one kind", { kinds: [7] }, 500, 1.1],
      ["two kinds", { kinds: [1, 7] }, 100, 1.2],
      ["one tag", { "#t": ["popular"] }, 100, 2.2],
      ["one tag and kind", { "#t": ["popular"], kinds: [1] }, 100, 3],
      ["one author", { authors: [authors[3]!] }, 20, 1.5],
      ["a home feed", { authors: followed, kinds: [1] }, 50, 3],
      ["a home feed of few", { authors: followed.slice(0, 5), kinds: [1] }, 50, 3],
    ];

    it.each([
      ["one each second", (n: number) => n],
      ["twenty each second", (n: number) => Math.floor(n / 20)],
    ])(
      "few rows are read, if events come %s",
      async (_, created_at) => {
        await commitAll(published(created_at));
        for (const [name, filter, limit, most] of MOST) {
          expect(await rowsForEach(queryOf(filter, limit)), name).toBeLessThan(most);
        }
        const { answers } = await readAll(store(), [queryOf({}, 100)]);
        const ids = answers[0]!.events.map(({ id }) => id);
        expect(await rowsForEach(queryOf({ ids }, 100))).toBeLessThan(2.1);
      },
      TIMEOUT,
    );

    it(
      "few rows are read of a home feed, if strangers have just published much in one second",
      async () => {
        const crowd = Array.from({ length: 1000 }, (_, n) => note(COUNT + 1, { pubkey: hex(1000 + n) }));
        await commitAll([...published((n) => n), ...crowd]);
        expect(await rowsForEach(queryOf({ authors: followed, kinds: [1] }, 50))).toBeLessThan(8);
      },
      TIMEOUT,
    );

    it(
      "three rows are read of an address, however many versions its author and other authors have",
      async () => {
        const [writer, ...others] = authors;
        const articles = Array.from({ length: 300 }, (_, n) =>
          note(n, { kind: 30_023, pubkey: writer!, tags: [["d", `article ${n}`]] }),
        );
        const lists = others.map((pubkey) =>
          note(COUNT, {
            kind: 30_000,
            pubkey,
            tags: [
              ["d", "mute"],
              ["d", "old"],
            ],
          }),
        );
        await commitAll([...articles, ...lists]);
        const rowsOf = (pubkeys: string[], kind: number, d: string) =>
          rowsForEach(queryOf({ authors: pubkeys, kinds: [kind], "#d": [d] }, pubkeys.length));
        expect(await rowsOf([writer!], 30_023, "article 7")).toBeLessThanOrEqual(3);
        expect(await rowsOf([others[5]!], 30_000, "mute")).toBeLessThanOrEqual(3);
        expect(await rowsOf(others.slice(0, 50), 30_000, "mute")).toBeLessThanOrEqual(3.1);
        // A long event is loaded after it was found.
        await commitAll([
          note(COUNT, { kind: 30_023, pubkey: writer!, tags: [["d", "long"]], content: "x".repeat(20_000) }),
        ]);
        expect(await rowsOf([writer!], 30_023, "long")).toBeLessThanOrEqual(4);
        // By a tag that does not name its version it is found in a second step.
        expect(await rowsOf([others[5]!], 30_000, "old")).toBeLessThanOrEqual(8);
      },
      TIMEOUT,
    );

    it(
      "few rows are read of a search: each match and its event",
      async () => {
        const events = published((n) => n);
        await commitAll(
          events.map((event, n) => ({ ...event, content: n % 60 === 0 ? "pelican here" : "here" })),
        );
        expect(await rowsForEach(queryOf({ search: "pelican" }, COUNT / 60))).toBeLessThan(2.4);
        // What is ranked are the last 200 matches.
        expect(await rowsForEach(queryOf({ search: "here" }, 200))).toBeLessThan(2.1);
      },
      TIMEOUT,
    );

    async function rowsForEach(query: Query): Promise<number> {
      // The first read of a list finds out how dense it is.
      await readAll(store(), [query]);
      counts().take();
      const { answers } = await readAll(store(), [query]);
      expect(answers[0]!.events).toHaveLength(query.limit);
      return rowsRead(counts()) / query.limit;
    }
  });

  async function commitAll(events: Event[]): Promise<void> {
    for (let from = 0; from < events.length; from += 500)
      await store().commit(events.slice(from, from + 500));
  }

  function found(filter: WireFilter, limit = 100, mostRows = MOST_ROWS) {
    return read(queryOf(filter, limit), mostRows);
  }

  async function read(query: Query, mostRows = MOST_ROWS) {
    counts().take();
    const { answers } = await readAll(store(), [query]);
    return { ids: answers[0]!.events.map(({ id }) => id), isCheap: rowsRead(counts()) < mostRows };
  }

  function cheaply(events: Event[]) {
    return { ids: idsOf(events), isCheap: true };
  }

  function idsOf(events: Event[]): string[] {
    return events.map(({ id }) => id);
  }
}

/** Returns the rows that D1 has billed; 0 if the database does not count them. */
function rowsRead(counts: Counts): number {
  return counts.total("d1_rows_read_total");
}
