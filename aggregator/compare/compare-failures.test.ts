/** A comparison that fails or is interrupted leaves nothing out. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { anEvent, aPuller, everySecond, idsOf, NOW } from "../../tests/fixtures/puller.ts";
import { aSyncedPuller } from "../../tests/fixtures/synced-puller.ts";
import "../../tests/fixtures/seed.ts";
import { seeded } from "../../tests/reference/generators.ts";
import type { SyncAnswer } from "../conversation/sync-message.ts";

const DAY = 86_400;

describe("[36] when it cannot be compared", () => {
  it.each<[what: string, ending: SyncAnswer["ending"], lasts: boolean]>([
    ["refuses it", { how: "closed", reason: "blocked: not for you" }, true],
    ["does not know it", { how: "unsupported", notice: "unknown message" }, true],
    ["is silent", { how: "silence" }, true],
    ["talks nonsense", { how: "message", message: "zz" }, true],
    ["has too many events in every second", { how: "closed", reason: "blocked: too many" }, true],
    ["is busy", { how: "closed", reason: "rate-limited: later" }, false],
    ["has an error", { how: "closed", reason: "error: database" }, false],
  ])("because the upstream %s, the pages take over in the same pull", async (_what, ending, lasts) => {
    const events = everySecond(1200);
    const { pull, queued, upstream, world } = aSyncedPuller(events);
    const { sync } = upstream;
    let opened = 0;
    upstream.sync = () => {
      opened += 1;
      return { send: async () => ({ ending }), close: () => undefined };
    };
    expect(await pull()).toMatchObject({ isUnfinished: false, findings: { speaksNegentropy: !lasts } });
    expect(queued()).toEqual(idsOf(events));
    expect(world.cursor).toMatchObject({ pulledTo: NOW, pending: [] });
    expect(world.cursor.slices?.refused !== undefined).toBe(lasts);
    const tries = opened;
    world.now += 600;
    await pull();
    expect(opened > tries).toBe(!lasts);
    // A day later it is tried again.
    upstream.sync = sync;
    world.now += DAY;
    await pull();
    expect(upstream.compared.messages).toBeGreaterThan(0);
    expect(world.cursor.slices?.refused).toBeUndefined();
  });

  it("any more, the pages go on where the comparison stood, and not in 1970", async () => {
    const events = everySecond(6000);
    const { pull, pullAll, pages, world, queued } = aSyncedPuller(events);
    world.limit = { maxLimit: 50 };
    await pull();
    world.speaksNegentropy = false;
    await pullAll();
    expect(new Set(queued()).size).toBe(6000);
    const before = pages().length;
    world.now += 60;
    await pull();
    expect(pages().length).toBeGreaterThan(before);
    expect(pages().at(before)!.since).toBe(NOW - 900);
  }, 30_000);

  it("and an operator wants an older range, the pages get that range only", async () => {
    const events = [anEvent(NOW - 10), anEvent(NOW - 500), anEvent(5000), anEvent(3000)];
    const { upstream, habit } = aSyncedPuller(events);
    const puller = aPuller(upstream, { ...habit, history: 100 });
    const pending = [{ since: 2000, until: 4000 }];
    const { cursor } = await puller.pull({ pulledTo: NOW - 60, sweptAt: NOW, pending });
    expect(puller.queued().toSorted()).toEqual(idsOf([events[0]!, events[3]!]).toSorted());
    expect(cursor.pending).toEqual([]);
  });

  it("because it lists events that it does not send, the pull ends, and says so", async () => {
    const { pull, upstream, world } = aSyncedPuller(everySecond(6000));
    const ask = upstream.ask.bind(upstream);
    upstream.ask = async (question) => ({ ...(await ask(question)), ...(question.ids && { events: [] }) });
    const result = await pull();
    expect(result).toMatchObject({ problem: "the upstream does not send the events that it lists" });
    expect(world.cursor.slices?.slices.length).toBeGreaterThan(0);
  });
});

describe("[36] whatever happens", () => {
  const anAction = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constant("publish"), fc.integer({ min: 1, max: 60 })) },
    fc.tuple(fc.constantFrom("remove", "elsewhere", "prune", "store"), fc.integer({ min: 1, max: 60 })),
    fc.tuple(fc.constant("wait"), fc.nat(90_000)),
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom("pull", "page", "full", "broken"), fc.nat(5)) },
  );

  it("everything that the upstream holds is queued in the end, and nothing that is known", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anAction, { maxLength: 20 }), fc.nat(2 ** 31), async (actions, seed) => {
        const random = seeded(seed);
        const events: Event[] = [];
        const { pull, pullAll, queued, stored, store, world, upstream } = aSyncedPuller(events);
        const pick = <T>(all: Iterable<T>, count: number) => [...all].filter(() => random() < count / 100);
        for (const [what, amount] of actions) {
          world.now += 1;
          switch (what) {
            case "publish":
              for (let n = 0; n < amount; n += 1)
                events.push(anEvent(world.now - Math.floor(random() ** 3 * 5000)));
              break;
            case "remove":
              for (const event of pick(events, amount)) events.splice(events.indexOf(event), 1);
              break;
            case "elsewhere":
              for (const { id } of pick(events, amount)) stored.add(id);
              break;
            case "prune":
              for (const id of pick(stored, amount)) stored.delete(id);
              break;
            case "store":
              for (const id of pick(queued(), amount)) stored.add(id);
              break;
            case "wait":
              world.now += amount;
              break;
            case "page":
              world.speaksNegentropy = false;
              await pull();
              world.speaksNegentropy = true;
              break;
            case "full": {
              let left = amount;
              await pull({ hasRoom: () => (left -= 1) >= 0 });
              break;
            }
            case "broken": {
              const { ask } = upstream;
              let left = amount;
              upstream.ask = (question) =>
                (left -= 1) < 0
                  ? Promise.resolve({
                      events: [],
                      ending: { how: "disconnected", reason: "1006" },
                    })
                  : ask(question);
              await pull();
              upstream.ask = ask;
              break;
            }
            default:
              await pull();
          }
        }
        const missing = idsOf(events).filter((id) => !stored.has(id));
        store();
        for (let pulls = 0; pulls < 6; pulls += 1) {
          const known = new Set(stored);
          const before = queued().length;
          await pullAll();
          expect(
            queued()
              .slice(before)
              .filter((id) => known.has(id)),
          ).toEqual([]);
          store();
          world.now += 300 * 4 ** pulls;
        }
        expect(queued()).toEqual(expect.arrayContaining(missing));
      }),
      { numRuns: Number(process.env.RUNS ?? 60) },
    );
  }, 120_000);
});
