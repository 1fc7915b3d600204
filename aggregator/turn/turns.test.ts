import { describe, expect, it } from "vitest";
import { NEW_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import { type FakeUpstream, fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { anEvent, aPuller, everySecond, NOW, UPSTREAM } from "../../tests/fixtures/puller.ts";
import type { PullDeps } from "./job.ts";
import { pull } from "../pull/pull.ts";

const KINDS = [{ kinds: [1] }, { kinds: [7] }, { "#t": ["x"] }];

/** Returns a puller of these filters, which starts with `cursor`. */
function aFilteredPuller(upstream: FakeUpstream, filters: UpstreamFilter[], change: Partial<PullDeps> = {}) {
  const puller = aPuller(upstream, change);
  return {
    ...puller,
    pull: (cursor = NEW_CURSOR) => pull({ url: UPSTREAM, filters, cursor, history: Infinity }, puller.deps),
  };
}

/** Returns the filters that were asked for, in this order, each once in a row. */
const askedIn = (upstream: FakeUpstream) =>
  upstream.asked
    .map((filter) => JSON.stringify({ ...filter, since: undefined, until: undefined, limit: undefined }))
    .filter((key, at, all) => key !== all[at - 1]);

describe("the filters of an upstream", () => {
  it("are asked for one after the other, each with a cursor of its own", async () => {
    const events = [
      anEvent(NOW),
      { ...anEvent(NOW - 1), kind: 7 },
      { ...anEvent(NOW - 2), kind: 6 },
      { ...anEvent(NOW - 3), kind: 6, tags: [["t", "x"]] },
    ];
    const upstream = fakeUpstream(events);
    const { pull, queued } = aFilteredPuller(upstream, KINDS);
    const { cursor, isUnfinished } = await pull();
    expect(isUnfinished).toBe(false);
    expect(queued()).toEqual([events[0]!.id, events[1]!.id, events[3]!.id]);
    expect(askedIn(upstream)).toEqual(KINDS.map((filter) => JSON.stringify(filter)));
    const moved = { pulledTo: NOW, sweptAt: NOW, triedAt: NOW, pending: [] };
    expect(cursor).toEqual({
      version: 2,
      filters: { '{"kinds":[1]}': moved, '{"kinds":[7]}': moved, '{"#t":["x"]}': moved },
    });
  });

  it("begin with the one whose turn was the longest ago; one that has no turn in a job has it in the next", async () => {
    let now = NOW;
    const upstream = fakeUpstream([]);
    // Each answer takes so long that a job has time for two.
    const { ask } = upstream;
    upstream.ask = (filter) => ((now += 31), ask(filter));
    const { pull } = aFilteredPuller(upstream, KINDS, { now: () => now });
    const first = await pull();
    await pull(first.cursor);
    expect(first.isUnfinished).toBe(true);
    expect(askedIn(upstream)).toEqual(
      [KINDS[0], KINDS[1], KINDS[2], KINDS[0]].map((filter) => JSON.stringify(filter)),
    );
  });

  it("share the pages of a job: a long history of one leaves pages for the others", async () => {
    const events = [...everySecond(2000), { ...anEvent(NOW), kind: 7 }, { ...anEvent(NOW), kind: 7 }];
    const upstream = fakeUpstream(events, { most: 5 });
    const { pull } = aFilteredPuller(upstream, KINDS.slice(0, 2), {
      announced: async () => ({ maxLimit: 5, speaksNegentropy: false }),
    });
    const { cursor, pages, isUnfinished } = await pull();
    expect({ pages, isUnfinished }).toEqual({ pages: 52, isUnfinished: true });
    expect(cursor.filters['{"kinds":[1]}']!.pending).toHaveLength(1);
    expect(cursor.filters['{"kinds":[7]}']).toMatchObject({ pulledTo: NOW, pending: [] });
  });

  it("are asked for although the upstream refuses one of them; the pull has failed", async () => {
    const upstream = fakeUpstream([{ ...anEvent(NOW), kind: 7 }]);
    const { ask } = upstream;
    upstream.ask = (filter) =>
      filter.kinds?.includes(1) ? Promise.reject(new Error("blocked: kind 1")) : ask(filter);
    const { pull, queued } = aFilteredPuller(upstream, KINDS);
    const { cursor, problem } = await pull();
    expect(problem).toBe("blocked: kind 1");
    expect(queued()).toHaveLength(1);
    expect(cursor.filters['{"kinds":[1]}']).toEqual({ triedAt: NOW, pending: [] });
    expect(cursor.filters['{"kinds":[7]}']!.pulledTo).toBe(NOW);
  });

  it("are left alone for as long as the upstream wants, whatever it has refused before", async () => {
    const refuse = (reason: string) => ({ events: [], ending: { how: "closed" as const, reason } });
    const upstream = fakeUpstream([]);
    upstream.ask = async (question) => {
      upstream.asked.push(question);
      return question.kinds?.includes(1) ? refuse("blocked: kind 1") : refuse("rate-limited: wait 600 s");
    };
    const { pull } = aFilteredPuller(upstream, KINDS);
    const filters = { '{"kinds":[7]}': { pulledTo: NOW, triedAt: NOW, pending: [{ since: 5, until: 9 }] } };
    expect(await pull({ version: 2, filters })).toMatchObject({ pause: 600 });
  });

  it("get no more questions once the upstream wants to be left alone, whatever failed before", async () => {
    const upstream = fakeUpstream([]);
    upstream.ask = async (question) => {
      upstream.asked.push(question);
      if (question.until !== 9) return { events: [], ending: { how: "silence" } };
      return { events: [], ending: { how: "closed", reason: "rate-limited: wait 600 s" } };
    };
    const { pull } = aFilteredPuller(upstream, [{}, { kinds: [7] }]);
    const moved = { pulledTo: NOW, sweptAt: NOW, triedAt: NOW, pending: [] };
    const filters = { "{}": { ...moved, triedAt: 0, pending: [{ since: 5, until: 9 }] } };
    expect(await pull({ version: 2, filters: { ...filters, '{"kinds":[7]}': moved } })).toMatchObject({
      pause: 600,
    });
    expect(upstream.asked.map(({ until }) => until)).toEqual([NOW + 900, 9]);
  });

  it.each([
    [1, 1],
    [10, 10],
  ])("%i of them, asked %i times a minute, do not keep each other from their gaps", async (count, rate) => {
    const events = everySecond(600).map((event, at) => ({ ...event, kind: at % count }));
    const upstream = fakeUpstream(events);
    let seconds = NOW;
    const { deps, queued } = aPuller(upstream, {
      now: () => Math.floor(seconds),
      milliseconds: () => 1000 * seconds,
      pause: async (milliseconds) => void (seconds += milliseconds / 1000),
      announced: async () => ({ maxLimit: count === 1 ? 200 : 20, speaksNegentropy: false }),
    });
    const filters = Array.from({ length: count }, (_, kind) => ({ kinds: [kind] }));
    let cursor = NEW_CURSOR;
    for (let minutes = 0; minutes < 150; minutes += 1) {
      ({ cursor } = await pull({ url: UPSTREAM, filters, cursor, rate, history: 10_000 }, deps));
      seconds += 60;
    }
    expect(new Set(queued()).size).toBe(600);
  });

  it("that are narrower than before go on where everything was pulled to; others are pulled as new ones", async () => {
    const everything = { pulledTo: NOW - 60, sweptAt: NOW - 60, pending: [{ since: 5, until: 9 }] };
    const upstream = fakeUpstream([]);
    const { pull } = aFilteredPuller(upstream, [{ kinds: [1] }]);
    const { cursor } = await pull({ version: 2, filters: { "{}": everything } });
    expect(upstream.asked.map(({ since }) => since)).toEqual([NOW - 120, 5]);
    expect(Object.keys(cursor.filters)).toEqual(['{"kinds":[1]}']);
    await aFilteredPuller(upstream, [{ kinds: [7] }]).pull(cursor);
    expect(upstream.asked.at(-1)).toMatchObject({ kinds: [7], since: 0 });
  });
});
