import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FilterCursor, NEW_FILTER_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { advance, historyOf, rangesToPull, withBackfill, withLost } from "./cursor.ts";

const NOW = 1_700_000_000;
const DAY = 86_400;
const pulled: FilterCursor = { pulledTo: NOW - 60, sweptAt: NOW - 3600, pending: [] };

describe("what is asked for", () => {
  it("is, the first time, everything or as much as the settings say", () => {
    expect(rangesToPull(NEW_FILTER_CURSOR, NOW)).toEqual([{ since: 0 }]);
    expect(rangesToPull(NEW_FILTER_CURSOR, NOW, 7 * DAY)).toEqual([{ since: NOW - 7 * DAY }]);
    expect(rangesToPull(NEW_FILTER_CURSOR, NOW, 2 * NOW)).toEqual([{ since: 0 }]);
    expect(rangesToPull(pulled, NOW, 1)).toEqual(rangesToPull(pulled, NOW));
  });

  it.each([
    [7 * DAY, 0, 7 * DAY],
    [7 * DAY, DAY, DAY],
    ["all", 0, Infinity],
    ["all", DAY, DAY],
    [0, DAY, 0],
  ] as const)(
    "with PULL_HISTORY=%s and CREATED_AT_LOWER_LIMIT=%s goes back %s",
    (history, limit, seconds) => {
      expect(historyOf({ PULL_HISTORY: history, CREATED_AT_LOWER_LIMIT: limit })).toBe(seconds);
    },
  );

  it("is what is new since, and the quarter of an hour before: events may reach an upstream late", () => {
    expect(rangesToPull(pulled, NOW)).toEqual([{ since: NOW - 60 - 900 }]);
  });

  it("is what is new first, and then the gaps; the quarter of an hour waits until they are filled", () => {
    const pending = [
      { since: 500, until: 900 },
      { since: 0, until: 100 },
    ];
    expect(rangesToPull({ ...pulled, pending }, NOW)).toEqual([{ since: NOW - 120 }, ...pending]);
  });

  it("is once a day the last three days: gift wraps are dated back by up to two (NIP-59)", () => {
    const due = { ...pulled, sweptAt: NOW - DAY };
    expect(rangesToPull(due, NOW)).toEqual([{ since: NOW - 60 - 3 * DAY }]);
    const after = advance(due, NOW, []);
    expect(after.sweptAt).toBe(NOW);
    expect(rangesToPull(after, NOW + DAY - 1)).toEqual([{ since: NOW - 900 }]);
    expect(rangesToPull(after, NOW + DAY)).toEqual([{ since: NOW - 3 * DAY }]);
  });

  it("is the last three days once a day, however often it is pulled in between", () => {
    const deep: number[] = [];
    let cursor = advance(NEW_FILTER_CURSOR, NOW, []);
    for (let time = NOW + 60; time <= NOW + 3 * DAY; time += 60) {
      const [newest] = rangesToPull(cursor, time);
      if (newest!.since < time - DAY) deep.push((time - NOW) / DAY);
      cursor = advance(cursor, time, []);
    }
    expect(deep).toEqual([1, 2, 3]);
  });
});

describe("a pull", () => {
  it("that finished moves the cursor to when it began", () => {
    expect(advance(NEW_FILTER_CURSOR, NOW, [])).toEqual({
      pulledTo: NOW,
      sweptAt: NOW,
      triedAt: NOW,
      pending: [],
    });
  });

  it("that got nothing at all leaves the cursor where it was", () => {
    const pending = [{ since: 0, until: 100 }];
    const cursor = { ...pulled, pending };
    expect(advance(cursor, NOW, rangesToPull(cursor, NOW))).toEqual({ ...cursor, triedAt: NOW });
  });

  it("that got a part keeps the rest as a gap", () => {
    const gap = { since: 0, until: 500 };
    expect(advance(NEW_FILTER_CURSOR, NOW, [gap])).toMatchObject({ pulledTo: NOW, pending: [gap] });
  });

  it("that leaves gaps which touch or overlap keeps them as one, and others apart", () => {
    const gaps = [
      { since: 800, until: 900 },
      { since: 500, until: 799 },
      { since: 300, until: 498 },
      { since: 200, until: 350 },
    ];
    expect(advance(pulled, NOW, gaps).pending).toEqual([
      { since: 500, until: 900 },
      { since: 200, until: 498 },
    ]);
  });

  it("that got nothing new, but filled a gap, does not ask for that again", () => {
    const cursor = { ...pulled, pending: [{ since: 0, until: 100 }] };
    expect(advance(cursor, NOW, [{ since: NOW - 120 }])).toEqual({ ...pulled, triedAt: NOW });
  });

  it("that never gets beyond its first page leaves one gap, however often it is tried", () => {
    let cursor = NEW_FILTER_CURSOR;
    for (let time = NOW; time < NOW + DAY; time += 60) {
      const [first, ...others] = rangesToPull(cursor, time);
      cursor = advance(cursor, time, [{ since: first!.since, until: time - 1 }, ...others]);
    }
    expect(cursor.pending).toEqual([{ since: 0, until: NOW + DAY - 61 }]);
  });
});

it("a single second stays apart from its neighbours, and is merged with what covers it", () => {
  const gaps = [
    { since: 500, until: 500 },
    { since: 100, until: 499 },
    { since: 90, until: 99 },
    { since: 95, until: 95 },
  ];
  expect(advance(pulled, NOW, gaps).pending).toEqual([
    { since: 500, until: 500 },
    { since: 90, until: 499 },
  ]);
});

it("of more than 500 gaps the oldest are one, which leaves nothing out", () => {
  const gap = (n: number) => ({ since: 1000 - 10 * n, until: 1000 - 10 * n });
  const gaps = (count: number) => Array.from({ length: count }, (_, n) => gap(-n)).toReversed();
  expect(advance(pulled, NOW, gaps(500)).pending).toEqual(gaps(500));
  const { pending } = advance(pulled, NOW, gaps(700));
  expect(pending).toEqual([...gaps(700).slice(0, 499), { since: gap(0).since, until: gap(-200).until }]);
});

it("the longest cursors of 20 filters fit in a row of D1", () => {
  const reason = "\u{1F98A}".repeat(1000);
  const ranges = Array.from({ length: 3000 }, (_, n) => ({ since: NOW - 10 * n, until: NOW - 10 * n }));
  const cursor = withLost(
    advance(pulled, NOW, ranges),
    ranges.map((range) => ({ ...range, reason })),
  );
  expect(20 * new TextEncoder().encode(JSON.stringify(cursor)).length).toBeLessThan(2_000_000);
});

it("after a clock was ahead, the last three days are asked for again", () => {
  const ahead = { ...pulled, pulledTo: NOW + 7200 };
  expect(rangesToPull(ahead, NOW)).toEqual([{ since: NOW - 3 * DAY }]);
  const after = advance(ahead, NOW, []);
  expect(rangesToPull(after, NOW + 60)).toEqual([{ since: NOW - 900 }]);
  expect(rangesToPull({ ...pulled, pulledTo: NOW + 5 }, NOW)).toEqual([{ since: NOW - 900 }]);
});

it("of what cannot be had, the newest 100 ranges are recorded", () => {
  const lost = Array.from({ length: 300 }, (_, n) => ({ since: n, until: n, reason: "refused" }));
  expect(withLost(pulled, lost).lost).toEqual(lost.slice(200).toReversed());
  expect(withLost({ ...pulled, lost }, [])).toEqual(pulled);
});

describe("a backfill", () => {
  it("becomes a gap, merged with those that it touches", () => {
    const cursor = { ...pulled, pending: [{ since: 500, until: 900 }] };
    const ranges = [
      { since: 100, until: 200 },
      { since: 800, until: 1000 },
    ];
    expect(withBackfill(cursor, ranges)).toEqual({
      ...pulled,
      pending: [
        { since: 500, until: 1000 },
        { since: 100, until: 200 },
      ],
    });
    expect(withBackfill(cursor, [])).toBe(cursor);
  });

  it("asks again for what was lost in it, and for no other", () => {
    const lost = [
      { since: 900, until: 900, reason: "more than its limit in a second" },
      { since: 300, until: 310, reason: "refused" },
    ];
    expect(withBackfill({ ...pulled, lost }, [{ since: 0, until: 400 }]).lost).toEqual([lost[0]]);
  });
});

it("whatever is left unfinished, every second up to the cursor has been pulled or is in a gap", () => {
  const progress = fc.array(
    fc.record({ ranges: fc.nat(3), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(progress, (pulls) => {
      const received = new Set<number>();
      let cursor = NEW_FILTER_CURSOR;
      pulls.forEach(({ ranges, part }, n) => {
        const now = 1000 * (n + 1);
        const unfinished = rangesToPull(cursor, now);
        for (const { since, until = now } of unfinished.splice(0, ranges)) {
          for (let second = since; second <= until; second += 1) received.add(second);
        }
        const begun = unfinished[0];
        if (begun) {
          const until = begun.until ?? now;
          const oldest = Math.round(until - part * (until - begun.since + 1));
          for (let second = oldest + 1; second <= until; second += 1) received.add(second);
          const rest = oldest < until ? { since: begun.since, until: oldest } : begun;
          unfinished.splice(0, 1, ...(oldest < begun.since ? [] : [rest]));
        }
        cursor = advance(cursor, now, unfinished);
      });
      const isPending = (second: number) =>
        cursor.pending.some(({ since, until = 0 }) => second >= since && second <= until);
      const asked = Array.from({ length: (cursor.pulledTo ?? -1) + 1 }, (_, second) => second);
      expect(asked.filter((second) => !received.has(second) && !isPending(second))).toEqual([]);
    }),
  );
});
