/** Everything that the aggregator depends on fails for a while: nothing is lost, nothing comes twice, and the counts are right. */
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Event, eventId } from "../../nostr/event.ts";
import type { CounterName } from "../../telemetry/metrics.ts";
import { seeded } from "../reference/generators.ts";
import {
  type Appearing,
  FORGED,
  type Outage,
  type Part,
  POISON,
  simulate,
  type SimulationOptions,
  START,
} from "../fixtures/simulated-aggregator.ts";

const RUNS = Number(process.env["RUNS"] ?? 8);
const UPSTREAMS = ["wss://one.example", "wss://two.example"];
const SETTINGS = { UPSTREAMS: UPSTREAMS.join(","), PULL_INTERVAL: "300", PULL_HISTORY: "all" };
const PARTS: Part[] = ["database", "events queue", "pulls queue", "consumer", "switchboard", "upstreams"];
const MINUTE = 60;
const HOUR = 3600;

/** What an event is like. */
type Sort = "good" | "forged" | "protected" | "poison";
const LETTERS: Record<Exclude<Sort, "good">, RegExp> = {
  forged: /^invalid: /,
  protected: /^auth-required: /,
  poison: /^error: D1_ERROR: string or blob too big$/,
};
/** The letter of an event for which the consumer failed for longer than it is patient. It is judged after a redrive. */
const GIVEN_UP = "error: the consumer fails";

let made = 0;
function anEvent(sort: Sort, at: number, pubkey = "a".repeat(64)): Event {
  const fields = {
    pubkey,
    created_at: START + at,
    kind: 1,
    tags: sort === "protected" ? [["-"], ["n", String((made += 1))]] : [["n", String((made += 1))]],
    content: sort === "poison" ? POISON : "note",
  };
  return { id: eventId(fields), ...fields, sig: sort === "forged" ? FORGED : "0".repeat(128) };
}

interface Story {
  events: { sort: Sort; at: number; upstreams: string[] }[];
  outages: Outage[];
  seed: number;
}

const story: fc.Arbitrary<Story> = fc.record({
  events: fc.array(
    fc.record({
      sort: fc.constantFrom<Sort>("good", "good", "good", "good", "forged", "protected", "poison"),
      at: fc.nat(2 * HOUR),
      upstreams: fc.constantFrom([UPSTREAMS[0]!], [UPSTREAMS[1]!], UPSTREAMS),
    }),
    { minLength: 20, maxLength: 120 },
  ),
  outages: fc.array(
    fc.record({
      part: fc.constantFrom(...PARTS),
      from: fc.nat(2 * HOUR),
      seconds: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: MINUTE, max: HOUR })),
    }),
    { maxLength: 6 },
  ),
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
});

function optionsOf({ events, outages, seed }: Story) {
  const all = events.map(({ sort, at, upstreams }) => ({ sort, at, upstreams, event: anEvent(sort, at) }));
  const appearing = all.flatMap(({ at, upstreams, event }) =>
    upstreams.map((upstream): Appearing => ({ upstream, at, event })),
  );
  // Hubs that have missed the switchboard find the gap with the next publication.
  const last = anEvent("good", 3 * HOUR + 10);
  appearing.push({ upstream: UPSTREAMS[0]!, at: 3 * HOUR + 10, event: last });
  const options: SimulationOptions = { settings: SETTINGS, outages, appearing, random: seeded(seed) };
  return { options, all, last };
}

const sorted = (ids: Iterable<string>) => [...ids].toSorted();

type World = Awaited<ReturnType<typeof simulate>>;

/** Runs for so many hours, and then until nothing waits. */
async function settle(world: World, hours: number): Promise<void> {
  await world.run(hours * HOUR);
  for (let more = 0; !world.isQuiet(); more += 1) {
    expect(more).toBeLessThan(30);
    await world.run(HOUR);
  }
}

it("whatever fails, and when: all that is valid is stored once and delivered once, the rest is a letter", async () => {
  let given = 0;
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { options, all, last } = optionsOf(told);
      const world = await simulate(options);
      // An event that throws is tried for more than an hour.
      await settle(world, 6);
      for (const { state, lag } of await world.status()) {
        expect(state).toBe("ok");
        expect(lag).toBeLessThan(15 * MINUTE);
      }
      const valid = sorted([
        ...all.filter(({ sort }) => sort === "good").map(({ event }) => event.id),
        last.id,
      ]);
      const givenUp = (await world.letters()).filter(({ event }) => valid.includes(event));
      for (const { reason } of givenUp) expect(reason).toBe(GIVEN_UP);
      given += givenUp.length;
      const before = await checkLetters(world, all, valid);

      // An operator has all letters tried again.
      await world.decide({ do: "redrive-letters", which: { by: "all" } });
      await settle(world, 3);
      expect(sorted(await world.stored())).toEqual(valid);
      expect(sorted(world.received())).toEqual(valid);
      const after = await checkLetters(world, all, []);
      expect(after.filter(({ reason }) => reason === GIVEN_UP)).toEqual([]);
      for (const { event, upstream } of before.filter((one) => !valid.includes(one.event)))
        expect(after).toContainEqual(expect.objectContaining({ event, upstream, attempts: 2 }));
      expect(world.queues.dead.dropped).toEqual([]);
      checkCounts(world);
      world.close();
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  // It takes an hour of failures of the same event.
  expect(given).toBeLessThan(RUNS);
}, 3_600_000);

/** Each event that is not valid has a letter, and no other event but those of `givenUp`. */
async function checkLetters(world: World, all: ReturnType<typeof optionsOf>["all"], givenUp: string[]) {
  const letters = await world.letters();
  const bad = all.filter(({ sort }) => sort !== "good");
  const rest = letters.filter(({ event }) => !givenUp.includes(event));
  // An event that two upstreams send at the same time is queued once.
  expect(sorted(new Set(rest.map(({ event }) => event)))).toEqual(sorted(bad.map(({ event }) => event.id)));
  for (const { event, upstream, reason } of rest) {
    const of = bad.find((one) => one.event.id === event);
    expect(of?.upstreams).toContain(upstream);
    // Before it could be judged, the consumer may have failed for longer than it is patient.
    expect(reason).toMatch(new RegExp(`${LETTERS[of?.sort as keyof typeof LETTERS].source}|^${GIVEN_UP}$`));
  }
  expect(new Set(letters.map(({ event, upstream }) => `${event} ${upstream}`)).size).toBe(letters.length);
  return letters;
}

/** The counters and spans are what the fakes have counted by themselves. */
function checkCounts({ metrics, spans, queues, connections, refusedConnections }: World) {
  const amountOf = (name: CounterName) => metrics.total(name, { source: "upstream" });
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
  expect({
    relay_connect_counts: amountOf("relay_connect_counts"),
    message_received_counts: amountOf("message_received_counts"),
    queue_publish_counts: amountOf("queue_publish_counts"),
    cleanup_counts: amountOf("cleanup_counts"),
    connect: spans.get("connect") ?? 0,
    handle_message: spans.get("handle_message") ?? 0,
    cleanup: spans.get("cleanup") ?? 0,
  }).toEqual({
    relay_connect_counts: connections.length,
    message_received_counts: sum(connections.map(({ traffic }) => traffic.frames)),
    queue_publish_counts: queues.pulls.taken + queues.events.taken,
    cleanup_counts: sum(connections.map(({ closed }) => closed)),
    connect: connections.length + refusedConnections,
    handle_message: sum(connections.map(({ asked }) => asked.length)),
    cleanup: connections.length + refusedConnections,
  });
  expect(connections.every(({ closed }) => closed === 1)).toBe(true);
}

/** Simulates outages while an upstream has a new event each minute of the first two hours. */
async function withOutages(outages: Outage[], events = eventsEach(MINUTE)) {
  const [upstream = ""] = UPSTREAMS;
  const appearing = events.map((event) => ({ upstream, at: event.created_at - START, event }));
  const settings = { ...SETTINGS, UPSTREAMS: upstream };
  const world = await simulate({ settings, outages, appearing, random: seeded(1) });
  onTestFinished(() => world.close());
  return { world, ids: sorted(events.map(({ id }) => id)) };
}

function eventsEach(seconds: number, end = 2 * HOUR): Event[] {
  return Array.from({ length: end / seconds }, (_, n) => anEvent("good", n * seconds));
}

it.each<[string, Outage[]]>([
  ["the database is away for two hours", [{ part: "database", from: 600, seconds: 2 * HOUR }]],
  ["the consumer fails for an hour", [{ part: "consumer", from: 600, seconds: HOUR }]],
  [
    "both queues refuse for an hour",
    [
      { part: "events queue", from: 600, seconds: HOUR },
      { part: "pulls queue", from: 600, seconds: HOUR },
    ],
  ],
  [
    "the database is away for a second of each minute",
    Array.from({ length: 120 }, (_, n) => ({
      part: "database" as const,
      from: n * MINUTE,
      seconds: 1,
    })),
  ],
])("heals by itself: %s", async (_, outages) => {
  const { world, ids } = await withOutages(outages);
  await world.run(6 * HOUR);
  expect(sorted(await world.stored())).toEqual(ids);
  expect(sorted(world.received())).toEqual(ids);
  expect(await world.letters()).toEqual([]);
  expect(world.isQuiet()).toBe(true);
  checkCounts(world);
});

it.each<[Part, RegExp]>([
  ["upstreams", /^the upstream is away$/],
  ["events queue", /^Queue sendBatch failed/],
])("status and counts tell the truth while this fails: %s", async (part, reason) => {
  const { world } = await withOutages([{ part, from: 600, seconds: HOUR }]);
  const stateAfter = async (seconds: number) => {
    await world.run(seconds);
    checkCounts(world);
    return (await world.status())[0]!;
  };
  expect(await stateAfter(599)).toMatchObject({ state: "ok", failures: 0 });
  const failing = await stateAfter(50 * MINUTE);
  expect(failing).toMatchObject({
    state: "failing",
    health: { lastFailure: { reason: expect.stringMatching(reason) } },
  });
  expect(failing.failures).toBeGreaterThan(0);
  expect(failing.lag).toBeGreaterThan(45 * MINUTE);
  const healed = await stateAfter(3 * HOUR);
  expect(healed).toMatchObject({ state: "ok", failures: 0 });
  expect(healed.lag).toBeLessThan(15 * MINUTE);
});

describe("what a ban or a vanish has removed does not come back", () => {
  const [BANNED, VANISHED, OTHER] = ["b".repeat(64), "c".repeat(64), "d".repeat(64)];
  const sorts: Sort[] = ["good", "poison", "forged"];
  const events = [BANNED, VANISHED, OTHER].flatMap((key) => sorts.map((sort) => anEvent(sort, 60, key)));
  const idsOf = (key: string, ...wanted: Sort[]) =>
    events.filter((event, at) => event.pubkey === key && wanted.includes(sorts[at % 3]!)).map(({ id }) => id);
  const request = (): Event => ({
    ...anEvent("good", 2 * HOUR, VANISHED),
    kind: 62,
    tags: [["relay", "ALL_RELAYS"]],
  });
  const ban = (world: World) =>
    world.decide(
      { do: "add", list: "banned-pubkey", subject: BANNED, reason: "" },
      { do: "empty", pubkey: BANNED },
    );

  it("from the queue", async () => {
    const { world } = await withOutages([{ part: "consumer", from: 0, seconds: 20 * MINUTE }], events);
    await world.run(10 * MINUTE);
    expect(world.queues.events.waiting).not.toEqual([]);
    await ban(world);
    const vanish = request();
    await world.publish(vanish);
    await settle(world, 5);
    expect(await world.stored()).toEqual([vanish.id, ...idsOf(OTHER, "good")]);
    expect(sorted((await world.letters()).map(({ event }) => event))).toEqual(
      sorted(idsOf(OTHER, "poison", "forged")),
    );
  });

  it("from letters that an operator has tried again", async () => {
    const { world } = await withOutages([], events);
    await settle(world, 3);
    expect(await world.letters()).toHaveLength(6);
    await world.decide({ do: "redrive-letters", which: { by: "all" } });
    await world.run(MINUTE);
    // The forged ones have come back, the others are on the queue when the decisions come.
    expect((await world.letters()).every(({ reason }) => LETTERS.forged.test(reason))).toBe(true);
    expect(world.isQuiet()).toBe(false);
    await ban(world);
    await world.publish(request());
    await settle(world, 3);
    expect(sorted((await world.letters()).map(({ event }) => event))).toEqual(
      sorted(idsOf(OTHER, "poison", "forged")),
    );
  });
});
