/** What reading may cost in bytes and in rows, a part of tests/contract/store.ts. */
import { expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { READ_BYTES } from "../../store/plan.ts";
import type { Store, StoredEvent } from "../../store/store.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import { PUBKEYS } from "../reference/generators.ts";
import type { WireFilter } from "../reference/matcher.ts";
import { ask, note, queryOf, TIMEOUT } from "./queries.ts";

/** Half a megabyte each in UTF-8, and a third of that in characters. */
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
    "all answers of one read are bounded in bytes, however many they are, and say that there is more",
    async () => {
      const ids = (await commitLong(40)).toReversed();
      for (const queries of [1, 10]) {
        const answers = await ask(store(), Array(queries).fill(queryOf({}, 500)));
        const events = answers.flatMap((answer) => answer.events);
        expect(bytesIn(events)).toBeLessThan(MOST_BYTES);
        expect(bytesIn(events)).toBeGreaterThan(MOST_BYTES / 2);
        for (const { events: own, more } of answers) {
          expect(own.map(({ id }) => id)).toEqual(ids.slice(0, own.length));
          expect(more).toBe(true);
        }
      }
    },
    TIMEOUT,
  );

  it(
    "an answer is not empty because its first event is longer than its share",
    async () => {
      const [oldest, newest] = await commitLong(2);
      const answers = await ask(store(), Array(40).fill(queryOf({}, 500)));
      for (const { events, more } of answers) {
        expect([events.map(({ id }) => id), more]).toEqual([[newest], true]);
      }
      const rest = { ...queryOf({}, 500), after: { created_at: 2, id: newest! } };
      const [answer] = await ask(store(), [rest]);
      expect([answer!.events.map(({ id }) => id), answer!.more]).toEqual([[oldest], false]);
    },
    TIMEOUT,
  );

  async function commitLong(count: number): Promise<string[]> {
    const tags = [["long", "語".repeat(170_000)]];
    const events = Array.from({ length: count }, (_, n) => note(n + 1, { tags }));
    for (const event of events) await store().commit([event]);
    return events.map(({ id }) => id);
  }
}

/** Where the database counts rows, at most so many are read: far fewer than there are. */
export function describeManyEvents(store: () => Store): void {
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
      const { records } = await store().records(queryOf(theirs, 0).filter, STRANGERS_VIEW, 10_000);
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
      expect(await found({ kinds: [1, 7] }, 10)).toEqual(cheaply(newest.slice(0, 10)));
      const theirs = newest.filter(({ pubkey }) => pubkey !== PUBKEYS[0]);
      expect(await found({ authors: [PUBKEYS[1]!, PUBKEYS[2]!] }, 10)).toEqual(cheaply(theirs.slice(0, 10)));
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
      const { answers, cost } = await store().read([after]);
      expect(answers[0]!.events.map(({ id }) => id)).toEqual(idsOf(events.slice(0, 4).toReversed()));
      expect(cost.rowsRead).toBeLessThan(MOST_ROWS);
    },
    TIMEOUT,
  );

  async function commitAll(events: Event[]): Promise<void> {
    for (let from = 0; from < events.length; from += 500)
      await store().commit(events.slice(from, from + 500));
  }

  async function found(filter: WireFilter, limit = 100) {
    const { answers, cost } = await store().read([queryOf(filter, limit)]);
    return { ids: answers[0]!.events.map(({ id }) => id), isCheap: cost.rowsRead < MOST_ROWS };
  }

  function cheaply(events: Event[]) {
    return { ids: idsOf(events), isCheap: true };
  }

  function idsOf(events: Event[]): string[] {
    return events.map(({ id }) => id);
  }
}
