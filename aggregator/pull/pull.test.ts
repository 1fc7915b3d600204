import { describe, expect, it } from "vitest";
import { type FilterCursor, NEW_FILTER_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { anEvent, aPuller, everySecond, idsOf, NOW, UPSTREAM } from "../../tests/fixtures/puller.ts";
import { seeded } from "../../tests/reference/generators.ts";

describe("a pull", () => {
  it("puts everything on the queue once, newest first, and moves the cursor to when it began", async () => {
    const events = everySecond(1200);
    const upstream = fakeUpstream(events);
    const { pull, queued, queue } = aPuller(upstream);
    const result = await pull();
    expect(queued()).toEqual(idsOf(events));
    expect(queue[0]).toMatchObject({ version: 1, upstream: UPSTREAM, traceparent: "00-pull" });
    expect(result).toEqual({
      cursor: { pulledTo: NOW, sweptAt: NOW, triedAt: NOW, pending: [] },
      isUnfinished: false,
      pages: 4,
      findings: { latency: 0, bytes: 120_300, received: 1203, queued: 1200 },
    });
    expect(upstream.asked[0]).toEqual({ since: 0, until: NOW + 900, limit: 500 });
    expect(upstream.closed).toBe(1);
  });

  it("goes back as far as the settings say, the first time only", async () => {
    const upstream = fakeUpstream([anEvent(NOW - 3600), anEvent(NOW - 3601)]);
    const { pull, queued } = aPuller(upstream, { history: 3600 });
    const { cursor } = await pull();
    expect(queued()).toHaveLength(1);
    await pull({ ...cursor, pulledTo: NOW - 7200 });
    expect(queued()).toHaveLength(3);
  });

  it("leaves out what would be removed at once, and asks on behind it", async () => {
    const events = everySecond(1200);
    const upstream = fakeUpstream(events);
    const { pull, queued } = aPuller(upstream, { isOutdated: ({ created_at }) => created_at % 2 === 0 });
    expect(await pull()).toMatchObject({ isUnfinished: false });
    expect(queued()).toEqual(idsOf(events.filter(({ created_at }) => created_at % 2 === 1)));
  });

  it("asks no further when the upstream says that these were all (NIP-67)", async () => {
    const upstream = fakeUpstream(everySecond(10), { saysFinish: true });
    await aPuller(upstream).pull();
    expect(upstream.asked).toHaveLength(1);
  });

  it.each([7, 64, 499])("gets everything from an upstream that gives %i at once", async (most) => {
    const random = seeded(most);
    const events = Array.from({ length: 2000 }, () => anEvent(NOW - Math.floor(random() * 3000)));
    const upstream = fakeUpstream(events, { most });
    const { pull, queued } = aPuller(upstream, {
      announced: async () => ({ maxLimit: most, speaksNegentropy: false }),
    });
    for (let result = await pull(), jobs = 1; result.isUnfinished; jobs += 1) {
      expect(jobs).toBeLessThan(20);
      result = await pull(result.cursor);
    }
    expect(new Set(queued()).size).toBe(2000);
    expect(upstream.asked.every(({ limit }) => limit === most)).toBe(true);
  });

  it("gets all of a second that is longer than a page, and goes on before it", async () => {
    const second = Array.from({ length: 1300 }, () => anEvent(NOW - 50));
    const events = [anEvent(NOW), ...second, anEvent(NOW - 51), anEvent(NOW - 4000)];
    const upstream = fakeUpstream(events);
    const { pull, queued } = aPuller(upstream);
    expect(await pull()).toMatchObject({ isUnfinished: false, cursor: { pulledTo: NOW, pending: [] } });
    expect(queued().toSorted()).toEqual(idsOf(events).toSorted());
    expect(upstream.asked).toContainEqual({ since: NOW - 50, until: NOW - 50, limit: 5000 });
  });

  it("never asks for more than the upstream says it gives, even of a second that is longer than that", async () => {
    const events = [...Array.from({ length: 40 }, () => anEvent(NOW - 50)), anEvent(NOW - 60)];
    const upstream = fakeUpstream(events, { most: 30 });
    const { pull, queued } = aPuller(upstream, {
      announced: async () => ({ maxLimit: 30, speaksNegentropy: false }),
    });
    expect(await pull()).toMatchObject({ isUnfinished: false, cursor: { pulledTo: NOW, pending: [] } });
    expect(upstream.asked.every(({ limit }) => limit === 30)).toBe(true);
    expect(queued()).toContain(events.at(-1)!.id);
  });

  it("takes nothing that it did not ask for, and is not misled by it", async () => {
    const events = Array.from({ length: 1300 }, (_, n) => anEvent(NOW - n));
    const upstream = fakeUpstream(events);
    const ask = upstream.ask.bind(upstream);
    const stray = anEvent(1);
    upstream.ask = async (question) => {
      const page = await ask(question);
      return { ...page, events: [...page.events, stray] };
    };
    const { pull, queued } = aPuller(upstream);
    await pull({ pulledTo: NOW - 5000, sweptAt: NOW, pending: [] });
    expect(queued().toSorted()).toEqual(idsOf(events).toSorted());
  });

  it("asks for what is new, then for the gaps", async () => {
    const cursor: FilterCursor = {
      pulledTo: NOW - 60,
      sweptAt: NOW,
      pending: [{ since: 10, until: 20 }],
    };
    const events = [anEvent(NOW - 5), anEvent(NOW - 2000), anEvent(20), anEvent(9)];
    const { pull, queued } = aPuller(fakeUpstream(events));
    expect((await pull(cursor)).cursor).toEqual({
      pulledTo: NOW,
      sweptAt: NOW,
      triedAt: NOW,
      pending: [],
    });
    expect(queued()).toEqual([events[0]!.id, events[2]!.id]);
  });

  it("asks for what is dated ahead when its time has come, and not before", async () => {
    const ahead = anEvent(NOW + 86_400);
    let now = NOW;
    const { pull, queued } = aPuller(fakeUpstream([ahead, anEvent(NOW)]), { now: () => now });
    let { cursor } = await pull();
    expect(queued()).not.toContain(ahead.id);
    for (; now <= NOW + 86_400; now += 60) ({ cursor } = await pull(cursor));
    expect(queued()).toContain(ahead.id);
  });

  it("does not put on the queue what is stored, or was refused from this upstream", async () => {
    const events = everySecond(30);
    const stored = new Set(idsOf(events.slice(0, 29)));
    const { pull, queued } = aPuller(fakeUpstream(events), {
      unneeded: async (_, from) => ({ stored: from === UPSTREAM ? stored : new Set(), refused: new Set() }),
    });
    await pull();
    expect(queued()).toEqual([events[29]!.id]);
  });

  it("ingests by itself what fits in no message of the queue, or is longer than may be stored", async () => {
    const events = [anEvent(NOW), anEvent(NOW - 1, "x".repeat(130_000)), anEvent(NOW - 2)];
    const { pull, queued, ingested } = aPuller(fakeUpstream(events));
    await pull();
    expect(queued()).toEqual([events[0]!.id, events[2]!.id]);
    expect(ingested).toEqual([{ event: events[1], from: UPSTREAM }]);
  });

  it("drops what has no id, and is not led astray by times outside of what it asked for", async () => {
    const good = [anEvent(NOW - 10), anEvent(NOW - 20)];
    const bad = [
      null,
      "text",
      {},
      { id: "x" },
      { ...anEvent(5), created_at: "soon" },
      anEvent(-7),
      anEvent(1e15),
    ];
    const upstream = fakeUpstream(good);
    const { ask } = upstream;
    upstream.ask = async (filter) => {
      const page = await ask(filter);
      return { ...page, events: [...bad, ...page.events] };
    };
    const { pull, queued } = aPuller(upstream);
    expect(await pull()).toMatchObject({ isUnfinished: false, cursor: { pulledTo: NOW, pending: [] } });
    expect(queued()).toEqual(expect.arrayContaining(idsOf(good)));
    expect(upstream.asked.length).toBeLessThan(6);
  });

  it("counts, and has its three spans", async () => {
    const { pull, metrics, spans } = aPuller(fakeUpstream(everySecond(3), { saysFinish: true }));
    await pull();
    expect(spans).toEqual(["pull", "connect", "handle_message", "cleanup"]);
    const upstream = { source: "upstream" };
    expect(metrics.list()).toEqual([
      { name: "relay_connect_counts", labels: upstream, amounts: [1] },
      { name: "message_received_counts", labels: upstream, amounts: [4] },
      { name: "cleanup_counts", labels: upstream, amounts: [1] },
      { name: "pulls_total", labels: { ...upstream, outcome: "complete" }, amounts: [1] },
    ]);
  });
});

describe("what went wrong", () => {
  it("with the connection leaves the cursor where it was", async () => {
    const { pull } = aPuller(fakeUpstream([]), { connect: () => Promise.reject(new Error("503")) });
    expect(await pull()).toEqual({
      cursor: NEW_FILTER_CURSOR,
      isUnfinished: false,
      pages: 0,
      findings: { bytes: 0, received: 0, queued: 0 },
      problem: "503",
    });
  });

  it("is told in words that are short, and do nothing to a terminal", async () => {
    const problem = new Error(`\u001b[2Jit said\u0000\u009b1m\r\n ${"x".repeat(1000)}`);
    const result = await aPuller(fakeUpstream([]), { connect: () => Promise.reject(problem) }).pull();
    expect(result.problem).toMatch(/^\[2Jit said1m x+$/);
    expect(result.problem).toHaveLength(300);
  });

  it("after some pages keeps these, and the rest as a gap for the next pull", async () => {
    const events = everySecond(1200);
    const broken = fakeUpstream(events, { failAt: 3 });
    const first = aPuller(broken);
    const result = await first.pull();
    expect(result).toMatchObject({
      problem: "the upstream stopped answering",
      pages: 2,
      isUnfinished: false,
    });
    const oldest = NOW - 998;
    expect(result.cursor).toMatchObject({ pulledTo: NOW, pending: [{ since: 0, until: oldest }] });
    expect(broken.closed).toBe(1);
    const second = aPuller(fakeUpstream(events), {
      unneeded: async () => ({ stored: new Set(first.queued()), refused: new Set() }),
    });
    expect((await second.pull(result.cursor)).cursor.pending).toEqual([]);
    expect([...first.queued(), ...second.queued()]).toEqual(idsOf(events));
  });

  it("with the queue moves the cursor over nothing that is not on it", async () => {
    let sends = 0;
    const { pull } = aPuller(fakeUpstream(everySecond(1200)), {
      async enqueue() {
        sends += 1;
        if (sends > 1) throw new Error("the queue is full");
      },
    });
    const { cursor, problem } = await pull();
    expect(problem).toBe("the queue is full");
    expect(cursor.pending.length).toBeLessThanOrEqual(1);
    expect(sends).toBeGreaterThan(1);
  });

  it("with what is stored, or with storing a large event, is a problem of the pull", async () => {
    const away = () => Promise.reject(new Error("D1 is away"));
    const large = fakeUpstream([anEvent(NOW, "x".repeat(130_000))]);
    for (const change of [{ unneeded: away }, { ingestLarge: away }]) {
      expect(await aPuller(large, change).pull()).toMatchObject({
        cursor: NEW_FILTER_CURSOR,
        isUnfinished: false,
        pages: 0,
        problem: "D1 is away",
      });
    }
  });

  it("with answers that are too large is cured by asking for less", async () => {
    const events = everySecond(300);
    const upstream = fakeUpstream(events, { tooMany: 40 });
    const { pull, queued } = aPuller(upstream);
    expect(await pull()).toMatchObject({ isUnfinished: false, cursor: { pulledTo: NOW, pending: [] } });
    expect(queued()).toEqual(idsOf(events));
    expect(upstream.asked.filter(({ limit }) => limit > 40).map(({ limit }) => limit)).toEqual([500]);
  });

  it("with an upstream that sends too much whatever it is asked for is a problem", async () => {
    const { pull } = aPuller(fakeUpstream(everySecond(3), { tooMany: 0 }));
    expect(await pull()).toMatchObject({
      cursor: NEW_FILTER_CURSOR,
      pages: 0,
      problem: expect.stringMatching(/too much/),
    });
  });
});

describe("a job", () => {
  it("ends after 100 pages, and goes on soon", async () => {
    const events = everySecond(700);
    const upstream = fakeUpstream(events, { most: 5 });
    const { pull, queued } = aPuller(upstream, {
      announced: async () => ({ maxLimit: 5, speaksNegentropy: false }),
    });
    const result = await pull();
    expect(result).toMatchObject({ isUnfinished: true, pages: 100 });
    expect(upstream.asked).toHaveLength(100);
    const next = await pull(result.cursor);
    expect(next).toMatchObject({ isUnfinished: false, cursor: { pulledTo: NOW, pending: [] } });
    expect(new Set(queued()).size).toBe(700);
  });

  it("keeps what came of answers that are too large, and does not go on beyond its minute", async () => {
    let now = NOW;
    const upstream = fakeUpstream(everySecond(600), { tooMany: 40 });
    const { ask } = upstream;
    upstream.ask = (filter) => ((now += 45), ask(filter));
    const result = await aPuller(upstream, { now: () => now }).pull();
    expect(result).toMatchObject({
      isUnfinished: true,
      cursor: { pending: [{ since: 0, until: NOW - 78 }] },
    });
    expect(upstream.asked.map(({ limit }) => limit)).toEqual([500, 40]);
  });

  it("ends after a minute", async () => {
    let now = NOW;
    const { pull } = aPuller(fakeUpstream(everySecond(5000)), { now: () => (now += 25) });
    const result = await pull();
    expect(result.isUnfinished).toBe(true);
    expect(result.pages).toBeLessThan(4);
  });
});
