import { expect, it } from "vitest";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import type { FilterCursor } from "../../store/upstreams/upstream-cursor.ts";
import { keyOfFilter } from "../../store/upstreams/upstream-settings.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { anEvent, aPuller, NOW, UPSTREAM } from "../../tests/fixtures/puller.ts";
import { pull } from "../pull/pull.ts";

const DAY = 86_400;
const wrap = { ...anEvent(NOW - 2 * DAY), kind: 1059 };
const note = anEvent(NOW - 2 * DAY);
const pulled: FilterCursor = { pulledTo: NOW - 60, sweptAt: NOW - 3600, pending: [] };

/** Pulls with this filter from this cursor. Returns what was queued, and the cursor after it. */
async function pullOnce(cursor: FilterCursor, filter: UpstreamFilter = {}) {
  const upstream = fakeUpstream([wrap, note]);
  const { deps, queued } = aPuller(upstream);
  const key = keyOfFilter(filter);
  const task = {
    url: UPSTREAM,
    filters: [filter],
    cursor: { version: 2 as const, filters: { [key]: cursor } },
    history: 0,
  };
  const result = await pull(task, deps);
  return { queued: queued(), after: result.cursor.filters[key], asked: upstream.asked };
}

it("[59] once an hour, gift wraps are asked for as far back as they may be dated", async () => {
  const { queued, after, asked } = await pullOnce(pulled);
  expect(queued).toEqual([wrap.id]);
  expect(asked[1]).toMatchObject({ kinds: [1059], until: NOW });
  expect(after).toMatchObject({ lookedBackAt: NOW, pulledTo: NOW, pending: [] });
  expect((await pullOnce({ ...after!, lookedBackAt: NOW - 3599 })).queued).toEqual([]);
  expect((await pullOnce({ ...after!, lookedBackAt: NOW - 3600 })).queued).toEqual([wrap.id]);
});

it("what is lost of other kinds stays lost", async () => {
  const lost = [{ since: NOW - 1000, until: NOW - 1000, reason: "silent" }];
  expect((await pullOnce({ ...pulled, pulledTo: NOW, lost })).after).toMatchObject({ lost });
});

it.each<[when: string, cursor: FilterCursor, filter: UpstreamFilter, found: string[]]>([
  ["the filter asks for other kinds", pulled, { kinds: [1] }, []],
  ["the filter asks for gift wraps too", pulled, { kinds: [1, 1059] }, [wrap.id]],
  ["the filter asks for other authors", pulled, { authors: ["c".repeat(64)] }, []],
  ["the last look at everything was less than an hour ago", { ...pulled, sweptAt: NOW - 3599 }, {}, []],
])("when %s", async (_, cursor, filter, found) => {
  expect((await pullOnce(cursor, filter)).queued).toEqual(found);
});
