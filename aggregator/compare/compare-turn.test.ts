import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { NEW_FILTER_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { anEvent, aPuller, everySecond, idsOf, NOW, UPSTREAM } from "../../tests/fixtures/puller.ts";
import { aSyncedPuller } from "../../tests/fixtures/synced-puller.ts";
import { pull } from "../pull/pull.ts";
import type { PullDeps } from "../turn/job.ts";

const DAY = 86_400;

describe("[36] a pull of an upstream that speaks NIP-77", () => {
  it("gets everything once, by its ids, and asks only once whether there is more", async () => {
    const events = everySecond(3000);
    const { pullAll, queued, pages, world, spans, upstream } = aSyncedPuller(events);
    const result = await pullAll();
    const questions = upstream.compared.messages + upstream.asked.length;
    expect(spans.filter((name) => name === "handle_message")).toHaveLength(questions);
    expect(queued().toSorted()).toEqual(idsOf(events).toSorted());
    expect(pages()).toMatchObject([{ since: 0 }]);
    expect(world.cursor).toMatchObject({ pulledTo: NOW, pending: [] });
    expect(result).toMatchObject({ isUnfinished: false, findings: { speaksNegentropy: true } });
  });

  it("reads no rows if nothing has changed, and moves less than 1 KB for each 1,000 events", async () => {
    const events = everySecond(20_000);
    const { pullAll, pull, store, world, upstream } = aSyncedPuller(events);
    await pullAll();
    store();
    world.now += 600;
    await pullAll();
    const [looked, asked, { bytes }] = [world.looked, upstream.asked.length, { ...upstream.compared }];
    world.now += 60;
    expect(await pull()).toMatchObject({ isUnfinished: false });
    expect([world.looked, upstream.asked.length]).toEqual([looked, asked]);
    expect(upstream.compared.bytes - bytes).toBeLessThan(20_000);
    expect(world.cursor.pulledTo).toBe(world.now);
  }, 30_000);

  it("finds what arrives late, however old it is", async () => {
    const events = everySecond(2000);
    const { pullAll, pull, queued, store, world } = aSyncedPuller(events);
    await pullAll();
    store();
    world.now += 60;
    const late = [anEvent(NOW - 5), anEvent(NOW - 1500), anEvent(NOW - 400 * DAY)];
    events.push(...late);
    await pull();
    expect(queued().slice(2000).toSorted()).toEqual(idsOf(late).toSorted());
  });

  it("goes no further back than the settings say, and stays there", async () => {
    const events = [anEvent(NOW - 10), anEvent(NOW - 3600), anEvent(NOW - 3601)];
    const { habit, world, upstream } = aSyncedPuller(events);
    const puller = aPuller(upstream, { ...habit, history: 3600 });
    const { cursor } = await puller.pull();
    world.now += 1000;
    events.push(anEvent(NOW - 3599), anEvent(NOW - 3602));
    await puller.pull(cursor);
    expect(new Set(puller.queued())).toEqual(new Set(idsOf([events[0]!, events[1]!, events[3]!])));
  });

  it("is compared if its document cannot be read once, but not before it was ever read", async () => {
    const events = everySecond(100);
    const { pull, pages, store, world } = aSyncedPuller(events);
    await pull();
    store();
    const { length } = pages();
    world.speaksNegentropy = undefined;
    world.now += 60;
    await pull();
    expect(pages()).toHaveLength(length);
    world.cursor = NEW_FILTER_CURSOR;
    await pull();
    expect(pages().length).toBeGreaterThan(length);
  });

  it("compares the events of its filter only", async () => {
    const events = everySecond(100).map((event, at) => ({ ...event, kind: at % 2 }));
    const { deps, upstream } = aSyncedPuller(events);
    const queue: unknown[] = [];
    const task = {
      url: UPSTREAM,
      filters: [{ kinds: [1] }],
      cursor: { version: 2 as const, filters: {} },
      history: Infinity,
    };
    const enqueue: PullDeps["enqueue"] = async (bundles) =>
      void queue.push(...bundles.flatMap((bundle) => bundle.events));
    await pull(task, { ...deps, enqueue });
    expect(queue).toHaveLength(50);
    expect(upstream.asked.every(({ kinds }) => kinds?.[0] === 1)).toBe(true);
  });

  it("queues neither ephemeral events nor what would be removed at once, and does not ask again", async () => {
    const events = everySecond(60).map((event, at) => ({ ...event, kind: at % 2 === 0 ? 20_001 : 1 }));
    const isOutdated = ({ created_at }: { created_at: number }) => created_at < NOW - 30;
    const { pull, queued, world, upstream } = aSyncedPuller(events);
    await pull({ isOutdated });
    expect(queued()).toHaveLength(15);
    const asked = upstream.asked.length;
    for (let pulls = 0; pulls < 3; pulls += 1) {
      world.now += 60;
      await pull({ isOutdated });
    }
    expect(upstream.asked).toHaveLength(asked);
  });

  it("does not ask again for what is listed and not sent, until something changes there", async () => {
    const events = everySecond(40);
    const { pull, upstream, store, world } = aSyncedPuller(events);
    const withheld = events[7]!.id;
    const ask = upstream.ask.bind(upstream);
    upstream.ask = async (question) => {
      const answer = await ask(question);
      return { ...answer, events: answer.events.filter((event) => (event as Event).id !== withheld) };
    };
    await pull();
    store();
    world.now += 300;
    await pull();
    const asked = upstream.asked.length;
    world.now += 60;
    await pull();
    expect(upstream.asked).toHaveLength(asked);
    events.push(anEvent(NOW - 7));
    await pull();
    expect(upstream.asked.at(-1)!.ids).toContain(withheld);
  });

  it("looks again whether what it queued is here, and queues what was lost", async () => {
    const events = everySecond(200);
    const { pull, queued, stored, world } = aSyncedPuller(events);
    await pull();
    for (const id of queued().slice(0, 150)) stored.add(id);
    world.now += 300;
    await pull();
    expect(queued().slice(200).toSorted()).toEqual(queued().slice(150, 200).toSorted());
  });

  it("does not look for ever: some events are never stored, such as old versions", async () => {
    const { pull, queued, stored, world } = aSyncedPuller(everySecond(20));
    await pull();
    for (const id of queued().slice(1)) stored.add(id);
    for (let days = 0; days < 10; days += 1) {
      world.now += DAY;
      await pull();
    }
    expect(queued()).toHaveLength(20 + 4);
  });

  it("looks again for what another pull has just put on the queue, and queues it if that was lost", async () => {
    const events = everySecond(50);
    const { pull, queued, world } = aSyncedPuller(events);
    const elsewhere = { has: () => world.now < NOW + 600, add: () => undefined };
    await pull({ queued: elsewhere });
    expect(queued()).toEqual([]);
    world.now += 300;
    await pull({ queued: elsewhere });
    expect(queued()).toEqual([]);
    world.now += 1200;
    await pull({ queued: elsewhere });
    expect(queued().toSorted()).toEqual(idsOf(events).toSorted());
  });

  it("lists again what an operator wants again, although nothing has changed there, over several jobs", async () => {
    const events = everySecond(6000);
    const { pull, pullAll, queued, store, stored, world } = aSyncedPuller(events);
    await pullAll();
    store();
    // Retention has removed them here.
    stored.clear();
    world.limit = { maxLimit: 40 };
    world.cursor = { ...world.cursor, pending: [{ since: NOW - 5000, until: NOW - 1000 }] };
    expect(await pull()).toMatchObject({ isUnfinished: true });
    for (const id of queued().slice(6000)) stored.add(id);
    await pullAll();
    const again = new Set(queued().slice(6000));
    expect([...again]).toEqual(expect.arrayContaining(idsOf(events.slice(1000, 5001))));
    expect(again.size).toBeLessThan(5000);
    expect(queued().length - 6000).toBe(again.size);
  });

  it("is slow with an upstream that wants few questions, and goes on in the next job", async () => {
    const events = everySecond(6000);
    const { pull, queued, world, pages } = aSyncedPuller(events);
    world.limit = { maxLimit: 50 };
    const first = await pull();
    expect(first).toMatchObject({ isUnfinished: true });
    expect(first.problem).toBeUndefined();
    // The newest are first, and what is finished is not compared again.
    expect(world.cursor.pulledTo).toBe(NOW);
    const newest = queued().length;
    expect(queued().toSorted()).toEqual(
      expect.arrayContaining(idsOf(events.slice(0, newest - 100)).toSorted()),
    );
    for (let jobs = 0; jobs < 10 && (await pull()).isUnfinished; jobs += 1);
    expect(new Set(queued()).size).toBe(6000);
    expect(queued().length).toBeLessThan(6000 + 5 * 550);
    expect(pages()).toEqual([]);
  }, 30_000);

  it("stops if the queue refuses, and loses nothing", async () => {
    const events = everySecond(2000);
    const { pullAll, pull, queued, world } = aSyncedPuller(events);
    let calls = 0;
    const enqueue = async () => {
      calls += 1;
      if (calls > 1) throw new Error("the queue is away");
    };
    expect(await pull({ enqueue })).toMatchObject({ problem: "the queue is away" });
    expect(world.cursor.slices?.slices.length).toBeGreaterThan(0);
    await pullAll();
    expect(queued().length).toBeGreaterThanOrEqual(1000);
  });
});
