import { bytesToHex } from "@noble/hashes/utils.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Slices } from "../../store/database/slices.ts";
import {
  type HeldEvent,
  negentropyUpstream,
  type SyncHabits,
} from "../../tests/fixtures/negentropy-upstream.ts";
import "../../tests/fixtures/seed.ts";
import { seeded } from "../../tests/reference/generators.ts";
import { gapsOf, reconcileUpstream, type ReconcileDeps } from "./reconcile.ts";

const NOW = 1_764_400_000;
const AHEAD = 900;

/** An upstream and what is here. Each pull queues what is missing; `store` is the consumer of the queue. */
function twoSides(events: HeldEvent[], habits: SyncHabits = {}) {
  const there = new Map(events.map((event) => [event.id, event]));
  const here = new Set<string>();
  const queued: string[] = [];
  /** Ids that the upstream lists but does not send. */
  const withheld = new Set<string>();
  const { sync, traffic } = negentropyUpstream((filter) => within([...there.values()], filter), habits);
  let slices: Slices | undefined;
  let looked = 0;

  const sides = {
    there,
    here,
    queued,
    withheld,
    traffic,
    now: NOW,
    get slices() {
      return slices;
    },
    /** Number of ids that were looked up in the database. */
    get looked() {
      return looked;
    },
    /** Pulls. The queue refuses after `takes` calls. */
    async pull({ takes = Infinity, ...change }: Partial<ReconcileDeps> & { takes?: number } = {}) {
      const deps: ReconcileDeps = {
        sync: (range) => sync({ ...range }),
        async take(ids) {
          if (takes === 0) throw new Error("the queue refuses");
          takes -= 1;
          looked += ids.length;
          const missing = ids.filter((id) => !here.has(id) && there.has(id) && !withheld.has(id));
          queued.push(...missing);
          return { here: new Set(ids.filter((id) => here.has(id))), queued: new Set(missing) };
        },
        isOver: () => false,
        now: () => sides.now,
        ...change,
      };
      const task = { slices, floor: 0, end: sides.now + AHEAD + 1, doubted: [] };
      const result = await reconcileUpstream(task, deps);
      // As it is saved between two pulls.
      slices = JSON.parse(JSON.stringify(result.slices)) as Slices;
      return result;
    },
    store() {
      for (const id of queued) here.add(id);
    },
  };
  return sides;
}

function within(events: HeldEvent[], filter: Record<string, unknown>): HeldEvent[] {
  const { since, until } = filter as Record<"since" | "until", number>;
  return events.filter(({ created_at }) => created_at >= since && created_at <= until);
}

let made = 0;
const random = seeded(77);
function anEvent(created_at: number): HeldEvent {
  made += 1;
  const id = Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));
  id.set([made >> 16, made >> 8, made]);
  return { id: bytesToHex(id), created_at };
}

const many = (count: number, perSecond = 1) =>
  Array.from({ length: count }, (_, n) => anEvent(NOW - Math.floor(n / perSecond)));

const idsOf = (events: readonly HeldEvent[]) => events.map(({ id }) => id).toSorted();

describe.each(["tributary", "nostr-tools"] as const)("with an upstream that is %s", (by) => {
  it("[36] a first comparison queues everything once, and leaves no gap", async () => {
    const events = many(3000, 3);
    const sides = twoSides(events, { by });
    expect(await sides.pull()).toMatchObject({ isDone: true });
    expect(sides.queued.toSorted()).toEqual(idsOf(events));
    expect(gapsOf(sides.slices!, NOW)).toEqual([]);
  });
});

it("[36] 100,000 events: a second pull of an unchanged upstream is nearly free, and a back-dated event is found", async () => {
  const events = many(100_000, 2);
  const sides = twoSides(events);
  await sides.pull();
  sides.store();
  // The second pull looks whether what was queued is here.
  sides.now += 600;
  await sides.pull();
  expect(sides.queued).toHaveLength(100_000);
  const [{ bytes }, looked] = [sides.traffic, sides.looked];
  sides.now += 60;
  expect(await sides.pull()).toMatchObject({ isDone: true });
  expect(sides.traffic.bytes - bytes).toBeLessThan(100 * 1000);
  expect(sides.looked).toBe(looked);

  const late = anEvent(NOW - 41_000);
  sides.there.set(late.id, late);
  await sides.pull();
  expect(sides.looked - looked).toBeLessThan(2000);
  expect(sides.queued.slice(100_000)).toEqual([late.id]);
}, 60_000);

describe("whatever happens on either side", () => {
  const anAction = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        what: fc.constant("publish"),
        ago: fc.nat(5000),
        count: fc.integer({ min: 1, max: 80 }),
      }),
    },
    fc.record({ what: fc.constant("remove"), share: fc.double({ min: 0, max: 0.3, noNaN: true }) }),
    fc.record({ what: fc.constant("elsewhere"), share: fc.double({ min: 0, max: 0.5, noNaN: true }) }),
    fc.record({ what: fc.constant("prune"), share: fc.double({ min: 0, max: 0.3, noNaN: true }) }),
    fc.record({ what: fc.constant("store"), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ what: fc.constant("wait"), seconds: fc.nat(90_000) }),
    { weight: 3, arbitrary: fc.record({ what: fc.constant("pull"), messages: fc.nat(6) }) },
    fc.record({ what: fc.constant("fail"), takes: fc.nat(4) }),
  ) as fc.Arbitrary<
    { what: string } & Record<"ago" | "count" | "share" | "seconds" | "messages" | "takes", number>
  >;
  const someHabits = fc.record({
    by: fc.constantFrom("tributary" as const, "nostr-tools" as const),
    most: fc.constantFrom(Infinity, Infinity, 100, 400),
    tellsMost: fc.boolean(),
    frame: fc.constantFrom(4096, 6000, 200_000),
  });

  it("[36] everything that the upstream holds is queued in the end, and what is remembered is true", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anAction, { maxLength: 25 }),
        someHabits,
        fc.nat(2 ** 31),
        async (actions, habits, seed) => {
          const chance = seeded(seed);
          const sides = twoSides([], habits);
          const some = <T>(all: Iterable<T>, share: number) => [...all].filter(() => chance() < share);
          for (const { what, ...by } of actions) {
            switch (what) {
              case "publish":
                for (let n = 0; n < by.count; n += 1) {
                  const event = anEvent(sides.now - Math.floor(chance() * by.ago));
                  sides.there.set(event.id, event);
                }
                break;
              case "remove":
                for (const id of some(sides.there.keys(), by.share)) sides.there.delete(id);
                break;
              case "elsewhere":
                for (const id of some(sides.there.keys(), by.share)) sides.here.add(id);
                break;
              case "prune":
                for (const id of some(sides.here, by.share)) sides.here.delete(id);
                break;
              case "store":
                for (const id of some(sides.queued, by.share)) sides.here.add(id);
                break;
              case "wait":
                sides.now += by.seconds;
                break;
              case "pull": {
                let left = by.messages;
                await sides.pull({ isOver: () => (left -= 1) < 0 });
                break;
              }
              case "fail":
                await sides.pull({ takes: by.takes });
                break;
              default:
            }
          }
          const before = sides.queued.length;
          const wanted = [...sides.there.keys()].filter(
            (id) => !sides.here.has(id) && !sides.queued.includes(id),
          );
          for (let pulls = 0; pulls < 6; pulls += 1) {
            const result = await sides.pull();
            expect(result).toMatchObject({ isDone: true });
            // The consumer loses nothing from now on.
            sides.store();
            sides.now += 300 * 4 ** pulls;
          }
          expect(sides.queued.slice(before)).toEqual(expect.arrayContaining(wanted));
          const { slices } = sides.slices!;
          expect(gapsOf(sides.slices!, NOW)).toEqual([]);
          for (const { since, until, held } of slices) {
            const own = [...sides.there.values()].filter(
              ({ created_at }) => created_at >= since && created_at < until,
            );
            expect(held).toBe(own.length);
          }
          expect(slices.reduce((sum, { held }) => sum + held, 0)).toBe(sides.there.size);
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 150) },
    );
  }, 120_000);
});
