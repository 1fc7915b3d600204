import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { ownEventsAfter } from "./own-log.ts";
import { createStore } from "./sql-store.ts";

let count = 0;
/** The store does not check signatures. */
function anEvent(length = 10): Event {
  count += 1;
  const id = count.toString(16).padStart(64, "0");
  return {
    id,
    pubkey: "a".repeat(64),
    created_at: count,
    kind: 1,
    tags: [],
    content: "x".repeat(length),
    sig: "b".repeat(128),
  };
}

function openLog() {
  const db = migratedSqlite();
  const store = createStore(db);
  return { db, commit: (isPulled: boolean, ...events: Event[]) => store.commit(events, { isPulled }) };
}

it("has the events of clients in their order, and nothing of upstreams, in pages of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ isPulled: fc.boolean(), length: fc.constantFrom(10, 9000, 400_000) }), {
        maxLength: 25,
      }),
      fc.integer({ min: 1, max: 8 }),
      async (entries, limit) => {
        const { db, commit } = openLog();
        const own: string[] = [];
        for (const { isPulled, length } of entries) {
          const event = anEvent(length);
          await commit(isPulled, event);
          if (!isPulled) own.push(event.id);
        }
        const found: string[] = [];
        let after = 0;
        for (let more = true; more;) {
          const page = await ownEventsAfter(db, after, limit);
          expect(page.events.length).toBeLessThanOrEqual(limit);
          expect(page.events.every(({ seq }) => seq > after && seq <= page.coveredTo)).toBe(true);
          found.push(...page.events.map(({ id }) => id));
          ({ coveredTo: after, more } = page);
        }
        expect(found).toEqual(own);
        expect(after).toBe(entries.length);
      },
    ),
    { numRuns: 40 },
  );
});

it("looks at a bounded part of the log, and says how far", async () => {
  const { db, commit } = openLog();
  for (let n = 0; n < 6; n += 1) await commit(true, ...Array.from({ length: 1000 }, () => anEvent()));
  const last = anEvent();
  await commit(false, last);
  const first = await ownEventsAfter(db, 0, 10);
  expect(first).toEqual({ events: [], coveredTo: 5000, more: true });
  const second = await ownEventsAfter(db, first.coveredTo, 10);
  expect(second.events.map(({ id }) => id)).toEqual([last.id]);
  expect(second).toMatchObject({ coveredTo: 6001, more: false });
});

it("has an event of an upstream that a client has published too", async () => {
  const { db, commit } = openLog();
  const event = anEvent();
  await commit(true, event);
  await commit(false, event);
  expect((await ownEventsAfter(db, 0, 10)).events.map(({ id }) => id)).toEqual([event.id]);
});

it("goes on past positions that have no event any more", async () => {
  const { db, commit } = openLog();
  await commit(false, anEvent(), anEvent(), anEvent());
  db.exec("DELETE FROM event WHERE seq > 1");
  expect(await ownEventsAfter(db, 0, 10)).toMatchObject({ coveredTo: 1, more: false });
  expect(await ownEventsAfter(db, 7, 10)).toEqual({ events: [], coveredTo: 7, more: false });
});
