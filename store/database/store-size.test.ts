import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { ReadOnlyError } from "./database.ts";
import { createStore } from "../sql/sql-store.ts";
import { measure, NO_ROOM, sizedDatabase, StoreSize } from "./store-size.ts";

let sqlite: ReturnType<typeof migratedSqlite>;
beforeEach(() => (sqlite = migratedSqlite()));
afterEach(() => sqlite.close());

const LONG = "x".repeat(50_000);
const notes = (count: number) =>
  Array.from({ length: count }, (_, n) => signedEvent({ content: `${n} ${LONG}` }));

it.each([
  [0, "ok", true, true],
  [799, "ok", true, true],
  [800, "filling", true, true],
  [899, "filling", true, true],
  [900, "reserved", false, true],
  [979, "reserved", false, true],
  [980, "full", false, false],
  [2000, "full", false, false],
] as const)("%i of 1000 bytes is %s", (bytes, level, takesPulled, takesOwn) => {
  const size = new StoreSize(1000);
  size.bytes = bytes;
  expect(size.level).toBe(level);
  expect(size.hasRoomForUpstreams).toBe(takesPulled);
  expect(size.takes({ kind: 1 }, true)).toBe(takesPulled);
  expect(size.takes({ kind: 1 }, false)).toBe(takesOwn);
  expect([5, 62].map((kind) => size.takes({ kind }, false))).toEqual([true, true]);
});

it("follows the size of the database with every statement, and what is removed counts no more", async () => {
  const size = new StoreSize(1_000_000_000);
  const db = sizedDatabase(sqlite, size);
  expect(size.bytes).toBeUndefined();
  await measure(db);
  const empty = size.bytes ?? 0;
  expect(empty).toBeGreaterThan(10_000);
  await createStore(db).commit(notes(10));
  expect(size.bytes).toBeGreaterThan(empty + 10 * LONG.length);
  await db.prepare("DELETE FROM event").all();
  expect(size.bytes).toBeLessThan(empty + 100_000);
});

describe("a store that is full", () => {
  const event = signedEvent({ content: "stored before" });
  const [first, second] = notes(2) as [typeof event, typeof event];
  const deletion = signedEvent({ kind: 5, tags: [["e", event.id]] });

  it("stores deletions alone, knows what it has, and says which events it had no room for", async () => {
    await createStore(sqlite).commit([event]);
    const size = new StoreSize(1);
    const store = createStore(sizedDatabase(sqlite, size), size);
    // The store does not know its size yet.
    expect((await store.commit([first])).fates).toEqual([{ kind: "stored", seq: 2 }]);
    const result = await store.commit([second, event, deletion]);
    expect(result).toMatchObject({ prev: 2, last: 3 });
    expect(result.fates.map(({ kind }) => kind)).toEqual(["no-room", "duplicate", "stored"]);
    expect(await store.commit([second, first])).toMatchObject({
      fates: [{ kind: "no-room" }, { kind: "duplicate" }],
    });
    expect(await store.known([event.id, second.id])).toEqual(new Set());
  });

  it("stores again as soon as there is room", async () => {
    const size = new StoreSize(1_000_000);
    const db = sizedDatabase(sqlite, size);
    const store = createStore(db, size);
    size.bytes = 990_000;
    expect((await store.commit([first])).fates).toEqual([{ kind: "stored", seq: 1 }]);
  });

  it("rejects if the database itself refuses, and says why", async () => {
    const size = new StoreSize(1_000_000_000);
    const store = createStore(sizedDatabase(sqlite, size), size);
    sqlite.exec("PRAGMA max_page_count = 100");
    const commit = store.commit(notes(20));
    await expect(commit).rejects.toThrow(NO_ROOM);
    await expect(commit).rejects.toBeInstanceOf(ReadOnlyError);
    expect(await store.known([first.id])).toEqual(new Set());
    sqlite.exec("PRAGMA max_page_count = 100000");
    expect((await store.commit([first])).fates).toEqual([{ kind: "stored", seq: 1 }]);
  });
});
