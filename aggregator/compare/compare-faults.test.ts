/** Upstreams that can be compared (NIP-77), but do not do all of what that takes. */
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { type FilterCursor, NEW_FILTER_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { type FakeUpstream, fakeUpstream, type UpstreamHabits } from "../../tests/fixtures/fake-upstream.ts";
import { anEvent, aPuller, everySecond, idsOf, NOW, UPSTREAM } from "../../tests/fixtures/puller.ts";
import type { Answer } from "../conversation/answer.ts";
import { withBackfill } from "../turn/cursor.ts";
import { pull } from "../pull/pull.ts";
import type { PullTask } from "../turn/turns.ts";

/** An upstream, a pull each minute, and a queue whose events are stored before the next pull. */
function aWorld(events: Event[], habits: UpstreamHabits = {}, change: Partial<PullTask> = {}) {
  const upstream = fakeUpstream(events, habits);
  const stored = new Set<string>();
  const refused = new Set<string>();
  const world = { now: NOW, cursor: NEW_FILTER_CURSOR, learntLimit: change.learntLimit, rules: "1" };
  const { deps, queued } = aPuller(upstream, {
    announced: async () => ({ speaksNegentropy: true }),
    now: () => world.now,
    milliseconds: () => 1000 * world.now,
    pause: async (milliseconds) => void (world.now += milliseconds / 1000),
    unneeded: async (ids) => ({
      stored: new Set(ids.filter((id) => stored.has(id))),
      refused: new Set(ids.filter((id) => refused.has(id))),
    }),
  });
  async function pullOnce(): Promise<void> {
    const cursor = { version: 2 as const, filters: { "{}": world.cursor } };
    const task = { url: UPSTREAM, filters: [{}], cursor, history: Infinity, ...change };
    const { learntLimit, rules } = world;
    const result = await pull({ ...task, learntLimit, rules }, deps);
    world.cursor = JSON.parse(JSON.stringify(result.cursor.filters["{}"])) as FilterCursor;
    world.learntLimit = result.findings.learntLimit ?? world.learntLimit;
    for (const id of queued()) stored.add(id);
    world.now += 60;
  }
  const pulls = async (count: number) => {
    for (let n = 0; n < count; n += 1) await pullOnce();
  };
  return { upstream, stored, refused, world, queued, pulls };
}

/** Changes the answers to questions for ids. */
function answering(upstream: FakeUpstream, change: (answer: Answer, ids: readonly string[]) => Answer) {
  const ask = upstream.ask.bind(upstream);
  upstream.ask = async (question, within) => {
    const answer = await ask(question, within);
    return question.ids ? change(answer, question.ids) : answer;
  };
}

const closed = (reason: string): Answer => ({ events: [], ending: { how: "closed", reason } });
const disconnected = { events: [], ending: { how: "disconnected" as const, reason: "1006" } };

describe("[36] nothing is missing from an upstream that is compared and", () => {
  const events = everySecond(1500);
  const ids = idsOf(events).toSorted();

  it("gives fewer events than it announces", async () => {
    const { pulls, queued } = aWorld(events, { most: 100 });
    await pulls(5);
    expect(queued().toSorted()).toEqual(ids);
  });

  it.each([
    ["says how many", "invalid: too many ids, at most 100"],
    ["does not say how many", "invalid: filter not accepted"],
  ])("accepts at most 100 ids, and %s", async (_, reason) => {
    const { pulls, queued, upstream } = aWorld(events);
    answering(upstream, (answer, asked) => (asked.length <= 100 ? answer : closed(reason)));
    await pulls(5);
    expect(queued().toSorted()).toEqual(ids);
  });

  it("refuses every question for ids", async () => {
    const { pulls, queued, upstream } = aWorld(events);
    answering(upstream, () => closed("blocked: no ids"));
    await pulls(2);
    expect(queued().toSorted()).toEqual(ids);
  });

  it.each<["comparison" | "question for ids"]>([["comparison"], ["question for ids"]])(
    "hangs up at each %s",
    async (what) => {
      const { pulls, queued, upstream } = aWorld(events);
      const { sync, ask } = upstream;
      let isOpen = true;
      if (what === "comparison") {
        const send = async () => {
          isOpen = false;
          return disconnected;
        };
        upstream.sync = () => ({ send, close: () => undefined });
      } else upstream.sync = sync;
      upstream.ask = async (question) => {
        if (question.ids) isOpen = false;
        return isOpen ? ask(question) : disconnected;
      };
      for (let n = 0; n < 5; n += 1) {
        isOpen = true;
        await pulls(1);
      }
      expect(queued().toSorted()).toEqual(ids);
    },
  );

  it("may be asked so seldom that no pull compares anything to its end", async () => {
    const { pulls, queued } = aWorld(events, {}, { rate: 2 });
    await pulls(20);
    expect(queued().toSorted()).toEqual(ids);
  });

  it("ends the comparison for good when it has found a late event", async () => {
    const some = [...events];
    const { pulls, world, queued, upstream } = aWorld(some);
    await pulls(8);
    world.now += 100_000;
    await pulls(2);
    const late = anEvent(NOW - 400 * 86_400);
    some.push(late, anEvent(world.now));
    const { ask } = upstream;
    upstream.ask = async () => disconnected;
    await pulls(1);
    upstream.ask = ask;
    upstream.sync = () => ({
      send: async () => ({ ending: { how: "unsupported", notice: "no" } }),
      close: () => undefined,
    });
    await pulls(1);
    expect(queued()).toContain(late.id);
  });
});

it("[36] what an operator wants again is fetched again, although the upstream has not changed", async () => {
  const events = everySecond(300);
  const { pulls, stored, world, queued, upstream } = aWorld(events);
  await pulls(2);
  world.now += 100_000;
  await pulls(2);
  const removed = idsOf(events.slice(100, 150));
  for (const id of removed) stored.delete(id);
  const before = queued().length;
  world.cursor = withBackfill(world.cursor, [{ since: NOW - 200, until: NOW - 50 }]);
  await pulls(1);
  expect(queued().slice(before).toSorted()).toEqual(removed.toSorted());
  const asked = upstream.asked.length;
  world.now += 1000;
  await pulls(2);
  expect(upstream.asked).toHaveLength(asked);
});

it("[36] what was refused is fetched as soon as the rules have changed, and nothing else is", async () => {
  const events = everySecond(300);
  const { pulls, refused, world, queued, upstream } = aWorld(events);
  for (const id of idsOf(events.slice(100, 150))) refused.add(id);
  await pulls(2);
  world.now += 100_000;
  await pulls(2);
  expect(queued()).toHaveLength(250);
  refused.clear();
  await pulls(1);
  expect(queued()).toHaveLength(250);
  world.rules = "2";
  await pulls(1);
  expect(queued().toSorted()).toEqual(idsOf(events).toSorted());
  world.now += 1000;
  await pulls(1);
  const { length } = upstream.asked;
  world.now += 1000;
  await pulls(2);
  expect(upstream.asked).toHaveLength(length);
});

it("[36] a question for few ids does not lower the limit that an upstream has taught", async () => {
  const filters = [{}, { kinds: [1] }];
  const { pulls, world, upstream } = aWorld(everySecond(10), { most: 500 }, { learntLimit: 500, filters });
  answering(upstream, (answer) => ({ ...answer, ending: { how: "full" } }));
  await pulls(1);
  expect(upstream.asked.flatMap(({ ids }) => ids?.length ?? [])).toEqual([10, 10]);
  expect(world.learntLimit).toBe(500);
});

it("[36] an upstream that refuses each comparison is asked for one each day, and not pulled whole again", async () => {
  const events = everySecond(2000);
  const { pulls, world, upstream, queued } = aWorld(events);
  let tried = 0;
  upstream.sync = () => {
    tried += 1;
    const ending = { how: "closed" as const, reason: "blocked: not here" };
    return { send: async () => ({ ending }), close: () => undefined };
  };
  await pulls(2);
  const { length } = upstream.asked;
  for (let day = 1; day <= 5; day += 1) {
    world.now += 86_400;
    events.unshift(anEvent(world.now - 1));
    await pulls(2);
  }
  expect(tried).toBe(6);
  expect(upstream.asked.slice(length).filter(({ since }) => since === 0)).toEqual([]);
  expect(queued().toSorted()).toEqual(idsOf(events).toSorted());
});
