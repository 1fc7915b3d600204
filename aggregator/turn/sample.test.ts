import { expect, it } from "vitest";
import { coverageOf } from "../../store/upstreams/coverage.ts";
import { DAY } from "../../store/database/slices.ts";
import type { FilterCursor } from "../../store/upstreams/upstream-cursor.ts";
import { fakeUpstream, type UpstreamHabits } from "../../tests/fixtures/fake-upstream.ts";
import { anEvent, aPuller, NOW } from "../../tests/fixtures/puller.ts";

const HOUR = 3600;

/** Returns an upstream with an event in each hour of 40 days, and what pulls of it find. Every fifth event is not here. */
function aSampledPuller(habits: UpstreamHabits = {}) {
  const events = Array.from({ length: 40 * 24 }, (_, n) => anEvent(NOW - 600 - n * HOUR));
  const upstream = fakeUpstream(events, habits);
  const missing = new Set(events.filter((_, n) => n % 5 === 0).map(({ id }) => id));
  let now = NOW;
  const puller = aPuller(upstream, {
    announced: async () => ({ speaksNegentropy: false, counts: habits.counts !== undefined }),
    now: () => now,
    unneeded: async (ids) => ({ stored: new Set(ids.filter((id) => !missing.has(id))), refused: new Set() }),
  });
  let cursor: FilterCursor = { pulledTo: NOW, sweptAt: NOW - HOUR, pending: [] };
  const pull = async (later: number) => {
    now += later;
    ({ cursor } = await puller.pull(cursor));
    return cursor.samples ?? [];
  };
  return { ...puller, upstream, missing, pull, coverage: () => coverageOf(cursor, now) };
}

it("an upstream that cannot be compared is sampled once an hour, day after day", async () => {
  const { pull, coverage, upstream } = aSampledPuller();
  expect(coverage()).toBeUndefined();
  const today = NOW - (NOW % DAY);
  expect(await pull(0)).toEqual([{ since: today, at: NOW, held: 23, here: 18 }]);
  expect(upstream.asked.at(-1)).toEqual({ since: today, until: NOW, limit: 50 });
  expect(await pull(HOUR - 1)).toHaveLength(1);
  expect((await pull(1)).map(({ since }) => since)).toEqual([today - DAY, today]);
});

it("the samples of the last 30 days are the figure for completeness, and what is missing is queued", async () => {
  const { pull, coverage, queued, missing } = aSampledPuller();
  // Once a day the last three days are asked for again, and then it is not sampled for an hour.
  for (let hours = 0; hours < 40; hours += 1) await pull(HOUR);
  const { method, days, held, here } = coverage()!;
  expect(method).toBe("sample");
  expect(days.length).toBeGreaterThan(25);
  expect(held).toBeGreaterThan(200);
  expect(here / held).toBeCloseTo(0.8, 1);
  expect(days[0]!.since).toBeGreaterThan(days[1]!.since);
  expect(queued().length).toBeGreaterThan(20);
  expect(queued().every((id) => missing.has(id))).toBe(true);
});

it("with COUNT the share of the samples is that of all events", async () => {
  const { pull, coverage, upstream } = aSampledPuller({ counts: true });
  const [sample] = await pull(0);
  expect(upstream.counted).toEqual([{ since: sample!.since, until: sample!.since + DAY - 1 }]);
  expect(sample).toMatchObject({ held: 23, here: 18, counted: 23 });
  await pull(HOUR);
  expect(coverage()).toMatchObject({ method: "count", held: 47 });
});

it("an upstream that does not count is sampled all the same", async () => {
  const { pull, coverage } = aSampledPuller({ counts: false });
  expect((await pull(0))[0]!.counted).toBeUndefined();
  expect(coverage()).toMatchObject({ method: "sample" });
});

it("an upstream that does not answer the sample is asked again by the next pull", async () => {
  const { pull, upstream } = aSampledPuller();
  const { ask } = upstream;
  upstream.ask = async (question) =>
    question.limit === 50 ? { events: [], ending: { how: "silence" } } : ask(question);
  expect(await pull(0)).toEqual([]);
  upstream.ask = ask;
  expect(await pull(60)).toHaveLength(1);
});
