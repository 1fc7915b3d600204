import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventId, type Event } from "../../nostr/event.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { referenceHll } from "../../tests/reference/hyperloglog.ts";
import { countTarget } from "./counter.ts";
import { finish } from "../work.ts";
import { createStore } from "../sql/sql-store.ts";

const NOW = 1_700_000_000;
/** With this target, byte 8 of an author's key selects the register. */
const TARGET = "0".repeat(64);

let db: ReturnType<typeof migratedSqlite>;
beforeEach(() => {
  db = migratedSqlite();
});
afterEach(() => db.close());

const commit = (...events: Event[]) => createStore(db).commit(events);

async function count(name: string, kinds: number[], now = NOW) {
  const filter = { kinds, tags: [{ name, values: [TARGET] }] };
  const counting = countTarget(db, { filter, view: { keys: [], now } }, { name, value: TARGET, kinds });
  return (await finish(counting)).result;
}

async function counters() {
  const { results } = await db
    .prepare("SELECT kind, events, unsure FROM counter ORDER BY kind")
    .all<{ kind: number; events: number; unsure: string }>();
  return results.map((row) => ({ ...row }));
}

let made = 0;
function event(kind: number, pubkey: string, fields: Partial<Event> = {}): Event {
  made += 1;
  const tags = [["e", TARGET]];
  const draft = { created_at: NOW, kind, pubkey, tags, content: `${made}`, sig: "ab".repeat(64), ...fields };
  return { ...draft, id: eventId(draft) };
}

/** Returns a new key that selects the register `register`, and whose next byte is `next`. */
function key(register: number, next = 0xff): string {
  const byte = (n: number) => n.toString(16).padStart(2, "0");
  made += 1;
  return (
    `${"11".repeat(8)}${byte(register)}${byte(next)}`.padEnd(56, "f") + made.toString(16).padStart(8, "0")
  );
}

const reactions = (amount: number) => Array.from({ length: amount }, (_, n) => event(7, key(n % 50)));
const exactly = (events: Event[]) => ({
  count: events.length,
  isEstimate: false,
  hll: referenceHll(
    TARGET,
    events.map(({ pubkey }) => pubkey),
  ),
});

describe("[34] a counter", () => {
  it("begins with the first count of what has many events, and is all that is read from then on", async () => {
    const events = reactions(100);
    await commit(...events);
    expect(await counters()).toEqual([]);
    expect(await count("e", [7])).toEqual(exactly(events));
    expect(await counters()).toEqual([{ kind: 7, events: 100, unsure: "" }]);
    db.exec("UPDATE counter SET events = 12345");
    expect((await count("e", [7])).count).toBe(12_345);
  });

  it("does not begin for what has few", async () => {
    const events = reactions(99);
    await commit(...events);
    expect(await count("e", [7])).toEqual(exactly(events));
    expect(await counters()).toEqual([]);
  });

  it("begins for what has few among many of other kinds, and stays with none", async () => {
    await commit(...reactions(100));
    expect(await count("e", [6])).toEqual(exactly([]));
    expect(await counters()).toEqual([{ kind: 6, events: 0, unsure: "" }]);
    const repost = event(6, key(3));
    await commit(repost);
    expect(await count("e", [6])).toEqual(exactly([repost]));
  });

  it("is unsure of a register whose highest event has gone, whatever lower comes, until the next count", async () => {
    const [others, highest, lower] = [reactions(100), event(7, key(200, 0)), event(7, key(200))];
    await commit(...others, highest);
    await count("e", [7]);
    const deletion = event(5, highest.pubkey, { tags: [["e", highest.id]] });
    await commit(deletion);
    await commit(lower);
    expect(await counters()).toEqual([{ kind: 7, events: 101, unsure: "[200]" }]);
    expect(await count("e", [7])).toEqual(exactly([...others, lower]));
    expect(await counters()).toEqual([{ kind: 7, events: 101, unsure: "" }]);
  });

  it("is sure of it again when as high a one comes, as when a list is replaced", async () => {
    const lists = Array.from({ length: 100 }, (_, n) => event(3, key(n), { tags: [["p", TARGET]] }));
    await commit(...lists);
    await count("p", [3]);
    const [first, second, third] = lists as [Event, Event, Event];
    const newer = { created_at: NOW + 1 };
    await commit(
      event(3, first.pubkey, { ...newer, tags: [["p", TARGET]] }),
      event(3, second.pubkey, { ...newer, tags: [] }),
      event(3, third.pubkey, { ...newer, tags: [["p", TARGET]] }),
    );
    expect(await counters()).toEqual([{ kind: 3, events: 99, unsure: "[1]" }]);
    expect(await count("p", [3])).toEqual(exactly(lists.filter((list) => list !== second)));
  });

  it("forgets a register once, however often it is emptied", async () => {
    const twins = [event(7, key(200)), event(7, key(200))];
    await commit(...reactions(100), ...twins);
    await count("e", [7]);
    await commit(...twins.map(({ id, pubkey }) => event(5, pubkey, { tags: [["e", id]] })));
    expect(await counters()).toEqual([{ kind: 7, events: 100, unsure: "[200]" }]);
    await commit(event(7, key(200)));
    expect(await counters()).toEqual([{ kind: 7, events: 101, unsure: "" }]);
  });

  it("goes with its last event, and the other kind of the same filter is not taken for both", async () => {
    const quoting = { tags: [["q", TARGET]] };
    const notes = Array.from({ length: 100 }, (_, n) => event(1, key(n), quoting));
    const comment = event(1111, key(150), quoting);
    await commit(...notes, comment);
    expect(await count("q", [1, 1111])).toEqual(exactly([...notes, comment]));
    await commit(event(5, comment.pubkey, { tags: [["e", comment.id]] }));
    expect((await counters()).map(({ kind }) => kind)).toEqual([1]);
    const another = event(1111, key(151), quoting);
    await commit(another);
    expect(await count("q", [1, 1111])).toEqual(exactly([...notes, another]));
  });

  it("is passed by while something of it has expired and is not yet removed", async () => {
    const events = reactions(100);
    const tags = [
      ["e", TARGET],
      ["expiration", String(NOW + 10)],
    ];
    const mortal = event(7, key(200), { tags });
    await commit(...events, mortal);
    expect(await count("e", [7])).toEqual(exactly([...events, mortal]));
    expect(await count("e", [7], NOW + 10)).toEqual(exactly(events));
    expect(await count("e", [7], NOW + 9)).toEqual(exactly([...events, mortal]));
    await createStore(db).removeExpired(NOW + 10, 10);
    expect(await count("e", [7], NOW + 10)).toEqual(exactly(events));
  });
});
