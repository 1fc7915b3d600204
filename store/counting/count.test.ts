import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventId } from "../../nostr/event.ts";
import { parseFilter } from "../../nostr/filter.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { STRANGERS_VIEW } from "../../tests/fixtures/strangers.ts";
import type { WireFilter } from "../../tests/reference/matcher.ts";
import { type CountBounds, countEvents } from "./count.ts";
import { Dense } from "../walks/dense.ts";
import { createStore } from "../sql/sql-store.ts";
import { finish } from "../work.ts";

const AUTHORS = Array.from({ length: 10 }, (_, n) => `${n}`.repeat(64));
const BOUNDS = { walk: 1000, sample: 500 };

let db: ReturnType<typeof migratedSqlite>;
beforeAll(async () => {
  db = migratedSqlite();
  const events = Array.from({ length: 10_000 }, (_, n) => {
    const draft = {
      pubkey: AUTHORS[n % 10] ?? "",
      created_at: n,
      kind: n % 4 === 0 ? 1 : 9000,
      tags: n % 5 === 0 ? [["t", "five"]] : [],
      content: "",
    };
    return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
  });
  await createStore(db).commit(events);
});
afterAll(() => db.close());

function count(...filters: WireFilter[]) {
  return countWithin(BOUNDS, filters);
}

async function countWithin(bounds: CountBounds, filters: WireFilter[]) {
  const countables = filters.map((wire) => {
    const parsed = parseFilter(wire);
    if (!parsed.ok) throw new Error(parsed.reason);
    return { filter: parsed.filter, view: STRANGERS_VIEW };
  });
  return (await finish(countEvents(db, countables, new Dense(), bounds))).result;
}

describe("[33] a count", () => {
  it.each<[string, WireFilter[], number]>([
    ["of one author", [{ authors: AUTHORS.slice(0, 1) }], 1000],
    ["of a stretch of time", [{ since: 1, until: 1000 }], 1000],
    ["of one kind in a stretch of time", [{ kinds: [1], since: 1, until: 4000 }], 1000],
    ["of one tag in a stretch of time", [{ "#t": ["five"], since: 1, until: 5000 }], 1000],
    [
      "of two filters that share the bound",
      [
        { since: 1, until: 500 },
        { since: 400, until: 899 },
      ],
      899,
    ],
  ])("%s is exact up to the bound", async (_, filters, expected) => {
    expect(await count(...filters)).toMatchObject({ count: expected, isEstimate: false });
  });

  it.each<[string, WireFilter[], number]>([
    ["everything", [{}], 10_000],
    ["one kind", [{ kinds: [1] }], 2500],
    ["two kinds", [{ kinds: [1, 9000] }], 10_000],
    ["a tag", [{ "#t": ["five"] }], 2000],
    ["some authors", [{ authors: AUTHORS.slice(0, 3) }], 3000],
    ["filters that overlap", [{ kinds: [1] }, { "#t": ["five"] }], 4000],
    ["one more event than the bound", [{ since: 1, until: 1001 }], 1001],
  ])("%s beyond it is an estimate, and says so", async (_, filters, truth) => {
    const { count: counted, isEstimate } = await count(...filters);
    expect(isEstimate).toBe(true);
    // The sample has 250 events, of which a quarter are of one kind: twice the standard error is 0.2.
    expect(Math.abs(counted / truth - 1)).toBeLessThan(0.2);
  });

  it("is estimated the same with private events in the log", async () => {
    const filters: WireFilter[][] = [[{}], [{ kinds: [1] }], [{ "#t": ["five"] }]];
    const estimates = () => Promise.all(filters.map((some) => count(...some)));
    const before = await estimates();
    const secrets = Array.from({ length: 3000 }, (_, n) => {
      const draft = {
        pubkey: AUTHORS[0] ?? "",
        created_at: 3 * n,
        kind: 1059,
        tags: [["t", "five"]],
        content: "",
      };
      return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
    });
    await createStore(db).commit(secrets);
    expect(await estimates()).toEqual(before);
  });

  it("is never estimated below what was found", async () => {
    const found = await countWithin({ walk: 100, sample: 1 }, [{ authors: AUTHORS.slice(5, 6) }]);
    expect(found).toMatchObject({ count: 101, isEstimate: true });
  });

  it("looks at no more events for many filters than for one", async () => {
    const halves = [
      { since: 1, until: 600 },
      { since: 601, until: 1100 },
    ];
    expect(await count(...halves)).toMatchObject({ isEstimate: true });
  });

  it("of a filter with an empty list is 0", async () => {
    expect(await count({ kinds: [] })).toMatchObject({ count: 0, isEstimate: false });
    expect(await count({ kinds: [] }, { since: 9999 })).toMatchObject({ count: 1, isEstimate: false });
  });
});
