import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { Counts } from "../../telemetry/counts.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { type Declaration, type Delivery, MOST_KEYS, type Publication, Switchboard } from "./switchboard.ts";
import { turn } from "../../tests/fixtures/turn.ts";
import { noTracer } from "../../telemetry/tracing.ts";

/** Returns a switchboard whose deliveries wait until the test answers them. */
function switchboard(members: string[] = [], mostKeys = MOST_KEYS) {
  const deliveries: { hub: string; delivery: Delivery; arrive(): void; fail(): void }[] = [];
  const [kept, reported, metrics] = [new Set(members), [] as unknown[], new Counts()];
  const clock = { now: 1000, retries: [] as number[] };
  const board = new Switchboard({
    deliver: (hub, delivery) =>
      new Promise((resolve, reject) => {
        deliveries.push({ hub, delivery, arrive: resolve, fail: () => reject(new Error("the hub is away")) });
      }),
    members: {
      list: () => [...kept],
      add: (hub) => void kept.add(hub),
      remove: (hub) => void kept.delete(hub),
    },
    background: (work) => void work,
    now: () => clock.now,
    retryAt: (time) => void clock.retries.push(time - clock.now),
    metrics,
    tracer: noTracer,
    mostKeys,
    report: (error) => void reported.push(error),
  });
  return { board, deliveries, kept, reported, metrics, clock };
}

function wants(hub: string, ...add: string[]): Declaration {
  return { version: 1, hub, revision: 1, add, remove: [] };
}

let head = 0;
function news(...events: Event[]): Publication {
  const prev = head;
  head += events.length;
  return {
    version: 1,
    prev,
    last: head,
    events: events.map((event, n) => ({ seq: prev + 1 + n, event })),
    ephemeral: [],
  };
}

const tagged = (word: string, fields: Partial<Event> = {}) => signedEvent({ ...fields, tags: [["t", word]] });

describe("[7] an ephemeral event", () => {
  const event = signedEvent({ kind: 24_133, content: "pay" });
  const other = signedEvent({ kind: 24_133, content: "another" });
  const passing = (...ephemeral: Event[]): Publication => ({ ...news(), ephemeral });
  const pulled = (...ephemeral: Event[]): Publication => ({ ...passing(...ephemeral), isPulled: true });

  /** Returns the ids that a hub is sent, one delivery after the other. */
  async function sent(...publications: Publication[]): Promise<string[]> {
    const { board, deliveries } = switchboard(["a"]);
    for (const publication of publications) {
      board.publish([publication]);
      deliveries.at(-1)?.arrive();
      await turn();
    }
    return deliveries.flatMap(({ delivery }) => delivery.ephemeral.map(({ id }) => id));
  }

  it("that several upstreams send is delivered once", async () => {
    expect(await sent(pulled(event), pulled(event, other), pulled(other, event))).toEqual([
      event.id,
      other.id,
    ]);
  });

  it("that a client has published is not delivered again for an upstream", async () => {
    expect(await sent(passing(event), pulled(event))).toEqual([event.id]);
  });

  it("that a client publishes again is delivered again: its subscriber may have come meanwhile", async () => {
    expect(await sent(pulled(event), passing(event), passing(event))).toEqual([event.id, event.id, event.id]);
  });
});

describe("[17] a hub is sent", () => {
  it("what it wants, and nobody else is", () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx"));
    board.declare(wants("b", `a${AUTHORS[0]}`));
    board.declare(wants("c", "#ty"));
    const [one, other] = [tagged("x"), tagged("z", { pubkey: AUTHORS[1]! })];
    const publication = news(one, other);
    expect(board.publish([publication])).toEqual({ skipped: undefined, head });
    expect(deliveries.map(({ hub, delivery }) => [hub, delivery.events, delivery.spans])).toEqual([
      ["a", [publication.events[0]], [{ prev: publication.prev, last: publication.last }]],
      ["b", [publication.events[0]], [{ prev: publication.prev, last: publication.last }]],
    ]);
  });

  it("everything, as long as the switchboard does not know what it wants", () => {
    const { board, deliveries } = switchboard(["a"]);
    board.publish([news(tagged("x"))]);
    expect(deliveries.map(({ hub }) => hub)).toEqual(["a"]);
  });

  it("with the next delivery which ranges of the log were skipped for it", async () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx"));
    const publications = [news(tagged("y")), news(tagged("y")), news(tagged("x"))];
    for (const publication of publications) board.publish([publication]);
    expect(deliveries).toHaveLength(1);
    expect(deliveries[0]!.delivery).toMatchObject({
      spans: [{ prev: publications[0]!.prev, last: publications[2]!.last }],
      head,
    });
  });

  it("[7] ephemeral events that it wants", () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "k20001"));
    const [wanted, other] = [signedEvent({ kind: 20_001 }), signedEvent({ kind: 20_002 })];
    const passing = (event: Event): Publication => ({
      version: 1,
      prev: 0,
      last: 0,
      events: [],
      ephemeral: [event],
    });
    board.publish([passing(other), passing(wanted)]);
    expect(deliveries.map(({ delivery }) => [delivery.spans, delivery.ephemeral])).toEqual([[[], [wanted]]]);
  });

  it("one delivery at a time; what gathers meanwhile leaves together, with the first trace", async () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx"));
    const publications = Array.from({ length: 3 }, (_, n) => ({
      ...news(tagged("x")),
      traceparent: `00-${n}`,
    }));
    for (const publication of publications) board.publish([publication]);
    expect(deliveries).toHaveLength(1);
    deliveries[0]!.arrive();
    await turn();
    expect(deliveries[1]!.delivery.events).toEqual([...publications[1]!.events, ...publications[2]!.events]);
    expect(deliveries.map(({ delivery }) => delivery.traceparent)).toEqual(["00-0", "00-1"]);
  });
});

describe("a hub that commits", () => {
  it("is not sent its own events, but told with the answer what was skipped for it", () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx"));
    const others = news(tagged("y"));
    board.publish([others], "b");
    const own = news(tagged("x"));
    expect(board.publish([own], "a")).toEqual({ skipped: [{ prev: others.prev, last: own.last }], head });
    expect(board.publish([], "a")).toEqual({ skipped: [], head });
    expect(deliveries).toEqual([]);
  });

  it("is told by the delivery instead while one is under way", async () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx"));
    board.publish([news(tagged("x"))]);
    const own = news(tagged("x"));
    expect(board.publish([own], "a").skipped).toBeUndefined();
    deliveries[0]!.arrive();
    await turn();
    expect(board.publish([], "a").skipped).toEqual([{ prev: own.prev, last: own.last }]);
  });
});

describe("a delivery that fails", () => {
  it("makes it ask for a retry, which tells how far the log has come", async () => {
    const { board, deliveries, clock } = switchboard();
    board.declare(wants("a", "#tx"));
    board.publish([news(tagged("x"))]);
    deliveries[0]!.fail();
    await turn();
    expect(clock.retries).toEqual([2]);
    board.retry();
    expect(deliveries[1]!.delivery).toMatchObject({ spans: [], events: [], head });
    deliveries[1]!.fail();
    await turn();
    expect(clock.retries).toEqual([2, 4]);
    clock.now += 4;
    board.retry();
    deliveries[2]!.arrive();
    await turn();
    board.retry();
    expect(deliveries).toHaveLength(3);
  });

  it("is told of with the next news too, and nothing is skipped meanwhile", async () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx"));
    board.publish([news(tagged("x"))]);
    deliveries[0]!.fail();
    await turn();
    const own = news(tagged("x"));
    expect(board.publish([own], "a").skipped).toBeUndefined();
    expect(deliveries[1]!.delivery).toMatchObject({
      events: [],
      spans: [{ prev: own.prev, last: own.last }],
      head,
    });
  });
});

describe("a hub that goes on failing", () => {
  /** Returns a switchboard with a hub that wants #tx and has failed this often. */
  async function failing(times: number) {
    const all = switchboard();
    const { board, deliveries, clock } = all;
    const fail = async () => {
      deliveries.at(-1)!.fail();
      await turn();
    };
    board.declare(wants("a", "#tx"));
    board.publish([news(tagged("x"))]);
    await fail();
    for (let failures = 1; failures < times; failures += 1) {
      clock.now += clock.retries.at(-1)!;
      board.retry();
      await fail();
    }
    expect(deliveries).toHaveLength(times);
    return { ...all, fail };
  }

  it("is tried again less and less often, and at last not any more", async () => {
    const { board, deliveries, clock } = await failing(9);
    expect(clock.retries).toEqual([2, 4, 8, 16, 32, 64, 128, 256]);
    clock.now += 100_000;
    board.publish([]);
    expect(deliveries).toHaveLength(10);
  });

  it("is reported and counted each time", async () => {
    const { reported, metrics } = await failing(9);
    expect(reported).toHaveLength(9);
    expect(reported[0]).toBe("a delivery to a failed (next try in 2 s): Error: the hub is away");
    expect(reported[8]).toMatch(/^a delivery to a failed \(the 9th failure, next try with new events/);
    expect(metrics.list()).toEqual([
      { name: "failed_deliveries_total", labels: { source: "websocket" }, amounts: [9] },
    ]);
  });

  it("is not called for news while it rests, and then told how far the log has come", async () => {
    const { board, deliveries, clock } = await failing(2);
    board.publish([news(tagged("x"))]);
    clock.now += 3;
    board.publish([news(tagged("x"))]);
    expect(deliveries).toHaveLength(2);
    clock.now += 1;
    board.retry();
    expect(deliveries[2]!.delivery).toMatchObject({ spans: [], events: [], head });
  });

  it("is tried again with news ten minutes after it was given up", async () => {
    const { board, deliveries, clock, fail } = await failing(9);
    for (const tries of [10, 11]) {
      clock.now += 599;
      board.publish([news(tagged("x"))]);
      expect(deliveries).toHaveLength(tries - 1);
      clock.now += 1;
      board.publish([news(tagged("y"))]);
      expect(deliveries).toHaveLength(tries);
      await fail();
    }
    expect(clock.retries).toHaveLength(8);
  });

  it("is sent everything again after it took a delivery, and has all its tries", async () => {
    const { board, deliveries, clock, fail } = await failing(5);
    clock.now += 32;
    board.retry();
    deliveries.at(-1)!.arrive();
    await turn();
    const again = news(tagged("x"));
    board.publish([again]);
    expect(deliveries.at(-1)!.delivery.events).toEqual(again.events);
    await fail();
    expect(clock.retries.at(-1)).toBe(2);
  });

  it("is told at once when it declares", async () => {
    const { board, deliveries } = await failing(9);
    board.declare({ ...wants("a", "#tx"), revision: 2 });
    expect(deliveries[9]!.delivery).toMatchObject({ spans: [], events: [], head });
  });

  it("is told with the answer when it publishes, and no part of the log that it missed", async () => {
    const { board, deliveries } = await failing(9);
    board.publish([news(tagged("x"))], "b");
    expect(board.publish([news(tagged("y"))], "a")).toEqual({ skipped: [], head });
    expect(deliveries).toHaveLength(9);
  });

  it("keeps no other hub waiting", async () => {
    const { board, deliveries, clock, fail } = await failing(5);
    board.declare(wants("b", "#tx"));
    const others = news(tagged("x"));
    board.publish([others]);
    expect(deliveries.at(-1)).toMatchObject({ hub: "b", delivery: { events: others.events } });
    await fail();
    // The alarm is set to the earlier of the two times.
    expect(clock.retries.at(-1)).toBe(2);
  });
});

it("a hub that is too far behind is told only how far the log has come", async () => {
  const { board, deliveries } = switchboard();
  board.declare(wants("a", "#tx"));
  const event = tagged("x");
  board.publish([news(event)]);
  for (let n = 0; n < 5; n += 1) board.publish([news(...Array.from({ length: 500 }, () => event))]);
  deliveries[0]!.arrive();
  await turn();
  expect(deliveries).toHaveLength(2);
  expect(deliveries[1]!.delivery).toMatchObject({ head, spans: [], events: [] });
});

describe("large events that gather during one delivery", () => {
  /** Returns the size of a message for the platform, whose limit is 32 MiB: two bytes per character if one needs them. */
  const bytesOf = (delivery: Delivery) => 2 * JSON.stringify(delivery).length;
  const large = signedEvent({ content: "語".repeat(170_000), tags: [["t", "x"]] });
  const ofTags = signedEvent({ tags: [["t", "x"], ...Array.from({ length: 100_000 }, () => [])] });

  async function secondDelivery(count: number, next: () => Publication): Promise<Delivery> {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx"));
    board.publish([news(tagged("x"))]);
    for (let n = 0; n < count; n += 1) board.publish([next()]);
    deliveries[0]!.arrive();
    await turn();
    expect(deliveries).toHaveLength(2);
    return deliveries[1]!.delivery;
  }

  it("leave together, as far as they fit in one message", async () => {
    const delivery = await secondDelivery(30, () => news(large));
    expect(delivery.events).toHaveLength(30);
    expect(bytesOf(delivery)).toBeLessThan(2 ** 24);
  });

  it.each([
    ["texts", large],
    ["tags", ofTags],
  ])("are left to the log when their %s do not fit", async (_, event) => {
    const delivery = await secondDelivery(150, () => news(event));
    expect(bytesOf(delivery)).toBeLessThan(2 ** 24);
    expect(delivery.head).toBe(head);
    // The span covers only the last events, so the hub sees that there were others.
    const covered = delivery.events.length;
    expect(covered).toBeLessThan(50);
    expect(delivery.spans).toEqual(covered === 0 ? [] : [{ prev: head - covered, last: head }]);
  });

  it("are lost when they are ephemeral and do not fit", async () => {
    const passing: Publication = { version: 1, prev: 0, last: 0, events: [], ephemeral: [large] };
    const delivery = await secondDelivery(150, () => passing);
    expect(bytesOf(delivery)).toBeLessThan(2 ** 24);
  });
});

describe("[15] declarations", () => {
  it("change what is known, when they build on it", () => {
    const { board, deliveries } = switchboard();
    board.declare(wants("a", "#tx", "#ty"));
    expect(
      board.declare({ version: 1, hub: "a", base: 1, revision: 2, add: ["#tz"], remove: ["#tx"] }),
    ).toEqual({
      accepted: true,
      revision: 2,
      head: 0,
    });
    board.publish([news(tagged("x"))]);
    expect(deliveries).toHaveLength(0);
    board.publish([news(tagged("z"))]);
    expect(deliveries).toHaveLength(1);
  });

  it("are refused when they build on anything else, and change nothing", () => {
    const { board, deliveries } = switchboard(["b"]);
    board.declare(wants("a", "#tx"));
    const change = { version: 1, base: 7, revision: 8, add: ["#ty"], remove: ["#tx"] } as const;
    for (const [hub, revision] of [
      ["a", 1],
      ["b", 0],
      ["c", 0],
    ] as const) {
      const declaration = { ...change, hub, add: [...change.add], remove: [...change.remove] };
      expect(board.declare(declaration)).toEqual({ accepted: false, revision, head: 0 });
    }
    board.publish([news(tagged("x"))]);
    // A hub whose interests are unknown gets everything.
    expect(deliveries.map(({ hub }) => hub)).toEqual(["b", "a"]);
  });

  it("that come late, after others of the same hub, are refused and change nothing", () => {
    const { board, deliveries, kept } = switchboard();
    board.declare({ ...wants("a", "#tx"), revision: 5 });
    for (const late of [wants("a", "#ty"), { ...wants("a"), revision: 5 }]) {
      expect(board.declare(late)).toEqual({ accepted: false, revision: 5, head: 0 });
    }
    expect([...kept]).toEqual(["a"]);
    board.publish([news(tagged("x"))]);
    expect(deliveries).toHaveLength(1);
  });

  it("answer with how far the log has come", () => {
    const { board } = switchboard();
    board.publish([news(tagged("x"))]);
    expect(board.declare(wants("a", "#tx"))).toEqual({ accepted: true, revision: 1, head });
  });

  it("of no wishes end the membership", () => {
    const { board, deliveries, kept } = switchboard();
    board.declare(wants("a", "#tx"));
    expect([...kept]).toEqual(["a"]);
    board.declare({ ...wants("a"), revision: 2 });
    expect([...kept]).toEqual([]);
    board.publish([news(tagged("x"))]);
    expect(deliveries).toEqual([]);
  });
});

it("beyond the bound of keys the hub with the most is sent everything, until it declares fewer", async () => {
  const { board, deliveries } = switchboard([], 3);
  board.declare(wants("large", "#a", "#b"));
  expect(board.declare(wants("small", "#c"))).not.toHaveProperty("everything");
  expect(board.declare({ ...wants("small", "#d"), base: 1, revision: 2 })).not.toHaveProperty("everything");
  const next = { ...wants("large", "#e"), base: 1, revision: 2 };
  expect(board.declare(next)).toMatchObject({ accepted: true, everything: true });
  board.publish([news(signedEvent({ tags: [["z", ""]] }))]);
  expect(deliveries.map(({ hub }) => hub)).toEqual(["large"]);
  deliveries[0]!.arrive();
  await turn();
  expect(board.declare({ ...wants("large", "#a"), revision: 3 })).not.toHaveProperty("everything");
  board.publish([news(signedEvent({ tags: [["z", ""]] }))]);
  expect(deliveries).toHaveLength(1);
});
