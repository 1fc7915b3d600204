import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { DAY } from "../../store/database/slices.ts";
import { type FilterCursor, NEW_FILTER_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { negentropyUpstream } from "../../tests/fixtures/negentropy-upstream.ts";
import { anEvent, aPuller, everySecond, idsOf, NOW } from "../../tests/fixtures/puller.ts";
import { matches, type WireFilter } from "../../tests/reference/matcher.ts";

/** An upstream that holds these events, newest first, and lists only the newest `listed` of what a NEG-OPEN asks for. */
function aListingUpstream(events: Event[], listed: number) {
  const upstream = fakeUpstream(events);
  const world = { listed, now: NOW, cursor: NEW_FILTER_CURSOR, looked: 0 };
  const { sync } = negentropyUpstream((filter) =>
    events.filter((event) => matches(filter as WireFilter, event)).slice(0, world.listed),
  );
  upstream.sync = sync;
  const stored = new Set<string>();
  const puller = aPuller(upstream, {
    announced: async () => ({ speaksNegentropy: true }),
    now: () => world.now,
    async unneeded(ids) {
      world.looked += ids.length;
      return { stored: new Set(ids.filter((id) => stored.has(id))), refused: new Set() };
    },
  });
  /** Pulls about once an hour. */
  const pulls = async (count: number) => {
    for (let done = 0; done < count; done += 1) {
      const { cursor } = await puller.pull(world.cursor);
      world.cursor = JSON.parse(JSON.stringify(cursor)) as FilterCursor;
      for (const id of puller.queued()) stored.add(id);
      world.now += 3700;
    }
  };
  /** The questions that go back to the beginning. */
  const whole = () => upstream.asked.filter(({ ids, since }) => !ids && since === 0);
  return { world, pulls, whole, queued: () => puller.queued().toSorted() };
}

describe("[36] an upstream that lists only a part of what it holds", () => {
  for (const listed of [0, 1, 40, 500, 1900])
    it(`is pulled whole if these are the newest ${listed} of 2,000 events`, async () => {
      const events = everySecond(2000);
      const { pulls, queued, world } = aListingUpstream(events, listed);
      await pulls(2);
      expect(queued()).toEqual(idsOf(events).toSorted());
      expect(world.cursor).toMatchObject({
        pending: [],
        slices: { slices: [], refused: { reason: "it lists only a part of the events that it holds" } },
      });
    });

  it("is compared again each day, and not pulled whole again", async () => {
    const events = everySecond(2000);
    const { pulls, queued, whole } = aListingUpstream(events, 500);
    await pulls(2);
    const asked = whole().length;
    for (let day = 1; day <= 4; day += 1) {
      events.unshift(anEvent(NOW + day * DAY));
      await pulls(24);
    }
    expect(whole().length - asked).toBeGreaterThanOrEqual(3);
    expect(whole().length - asked).toBeLessThanOrEqual(4);
    expect(queued()).toEqual(idsOf(events).toSorted());
  });

  it("is pulled whole within a day if it has listed everything until then", async () => {
    const events = everySecond(2000);
    const { pulls, queued, world } = aListingUpstream(events, Infinity);
    await pulls(1);
    expect(world.cursor.slices).toMatchObject({ checkedAt: NOW });
    world.listed = 500;
    events.push(...Array.from({ length: 300 }, (_, n) => anEvent(NOW - 5000 - n)));
    await pulls(26);
    expect(queued()).toEqual(idsOf(events).toSorted());
  });
});

it("[36] an upstream that lists everything is asked for its oldest events once a day, and none is looked up for that", async () => {
  const { pulls, whole, world } = aListingUpstream(everySecond(2000), Infinity);
  await pulls(3);
  const { looked } = world;
  expect(whole()).toHaveLength(1);
  await pulls(45);
  expect(whole()).toHaveLength(2);
  expect(world.looked).toBe(looked);
  expect(world.cursor.slices?.refused).toBeUndefined();
});
