/** What two relays have is compared: over NIP-77 in windows, and page by page. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Sync } from "../../aggregator/conversation/upstream.ts";
import { comparePages } from "../../scripts/sync/compare-pages.ts";
import { compareSets, type CompareDeps, type Range } from "../../scripts/sync/compare-sets.ts";
import { type HeldEvent, negentropyUpstream, type SyncHabits } from "../fixtures/negentropy-upstream.ts";
import "../fixtures/seed.ts";

const NOW = 1_700_000_000;

const times = fc.oneof(
  fc.integer({ min: NOW - 30, max: NOW + 30 }),
  fc.integer({ min: 0, max: 2 * NOW }),
  fc.integer({ min: NOW - 10_000_000, max: NOW }),
);
const events = fc
  .uniqueArray(fc.tuple(times, fc.constantFrom("left", "right", "both")), { maxLength: 150, size: "max" })
  .map((all) =>
    all.map(([created_at, where], n) => ({
      where,
      event: { id: n.toString(16).padStart(64, "0"), created_at },
    })),
  );
type Placed = { where: string; event: HeldEvent };

const idsOn = (all: Placed[], side: string) =>
  all.filter(({ where }) => where === side).map(({ event }) => event.id);
const heldBy = (all: Placed[], side: string) =>
  all.filter(({ where }) => where === side || where === "both").map(({ event }) => event);

function within({ since = 0, until = Infinity }: Range) {
  return ({ created_at }: HeldEvent) => created_at >= since && created_at <= until;
}

interface Outcome {
  left: string[];
  right: string[];
  otherwise: [Range, string, string][];
  pauses: string[];
  traffic: { left: number; right: number };
}

async function compared(
  all: Placed[],
  range: Range,
  { habits, ...deps }: { habits?: SyncHabits } & Partial<CompareDeps> = {},
): Promise<Outcome> {
  const side = (name: string) =>
    negentropyUpstream((filter) => heldBy(all, name).filter(within(filter as Range)), habits);
  const sides = { left: side("left"), right: side("right") };
  const outcome: Outcome = {
    left: [],
    right: [],
    otherwise: [],
    pauses: [],
    traffic: { left: 0, right: 0 },
  };
  await compareSets(range, {
    sync: (name, window) => sides[name].sync({ ...window }),
    async found({ left, right }) {
      outcome.left.push(...left);
      outcome.right.push(...right);
    },
    otherwise: async (...args) => void outcome.otherwise.push(args),
    pause: async (_side, reason) => void outcome.pauses.push(reason),
    signal: new AbortController().signal,
    now: () => NOW,
    ...deps,
  });
  outcome.traffic = { left: sides.left.traffic.opened, right: sides.right.traffic.opened };
  return { ...outcome, left: outcome.left.toSorted(), right: outcome.right.toSorted() };
}

it("finds every difference in a range, however few events a relay compares at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      events,
      fc.constantFrom(Infinity, 40, 5),
      fc.option(fc.tuple(times, times), { nil: undefined }),
      async (all, most, bounds) => {
        const range = bounds ? { since: Math.min(...bounds), until: Math.max(...bounds) } : {};
        const placed = all.filter(({ event }) => within(range)(event));
        const { left, right, otherwise } = await compared(all, range, { habits: { most, tellsMost: false } });
        // Few seconds have more events than a relay compares: those are compared otherwise.
        const others = otherwise.map(([window]) => within(window));
        const isHere = ({ event }: Placed) => !others.some((test) => test(event));
        for (const [window] of otherwise) expect(window.since).toBe(window.until);
        expect(left).toEqual(idsOn(placed.filter(isHere), "left"));
        expect(right).toEqual(idsOn(placed.filter(isHere), "right"));
      },
    ),
    { numRuns: 40 },
  );
});

it("relays that compare everything at once are asked three times: the future, the past, and before Nostr", async () => {
  const all = Array.from({ length: 1000 }, (_, n) => ({
    where: "both",
    event: { id: n.toString(16).padStart(64, "0"), created_at: NOW - 1000 * n },
  }));
  expect(await compared(all, {})).toMatchObject({ left: [], right: [], traffic: { left: 3, right: 3 } });
  expect(await compared(all, { since: NOW - 5000, until: NOW })).toMatchObject({ traffic: { right: 1 } });
});

it("a second with more events than a relay compares is compared otherwise, and the rest goes on", async () => {
  const at = (created_at: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({
      where: "right",
      event: { id: (created_at * 100 + n).toString(16).padStart(64, "0"), created_at },
    }));
  const all = [...at(NOW - 9, 1), ...at(NOW - 5, 20), ...at(NOW - 1, 3)];
  const { right, otherwise } = await compared(
    all,
    { since: NOW - 100, until: NOW },
    { habits: { most: 10 } },
  );
  expect(otherwise).toEqual([
    [{ since: NOW - 5, until: NOW - 5 }, "right", "blocked: this query is too big"],
  ]);
  expect(right).toHaveLength(4);
});

const answering = (...endings: Awaited<ReturnType<Sync["send"]>>["ending"][]): Partial<CompareDeps> => {
  const all = heldBy([], "left");
  return {
    sync: () => {
      const honest = negentropyUpstream(() => all).sync({});
      return {
        send: async (message) => {
          const ending = endings.shift();
          return ending ? { ending } : honest.send(message);
        },
        close: () => undefined,
      };
    },
  };
};

it("a relay without NIP-77 has everything compared otherwise, and one that is only busy does not", async () => {
  const range = { since: 5, until: NOW };
  const without = [
    { how: "unsupported", notice: "unknown command" },
    { how: "silence" },
    { how: "closed", reason: "unsupported: no NIP-77 here" },
    { how: "message", message: "no hex" },
  ] as const;
  for (const ending of without) {
    const { otherwise, pauses } = await compared([], range, answering(ending));
    expect({ otherwise, pauses }).toEqual({ otherwise: [[range, "left", expect.any(String)]], pauses: [] });
  }
  const closed = { how: "disconnected", reason: "1002" } as const;
  expect(await compared([], range, answering(closed, closed))).toMatchObject({
    otherwise: [[range, "left", "the connection ended: 1002"]],
    pauses: ["the connection ended: 1002"],
  });
  const busy = { how: "closed", reason: "rate-limited: slow down" } as const;
  expect(await compared([], range, answering(busy, busy, busy))).toMatchObject({
    otherwise: [],
    pauses: ["it refused: rate-limited: slow down", expect.any(String), expect.any(String)],
  });
});

it("ends before the next message when it is interrupted", async () => {
  const over = new AbortController();
  const all = [{ where: "right", event: { id: "1".repeat(64), created_at: 5 } }];
  const { traffic } = await compared(all, {}, { signal: over.signal, found: async () => over.abort() });
  expect(traffic).toEqual({ left: 1, right: 0 });
});

it("page by page finds the same, wherever the pages end", async () => {
  await fc.assert(
    fc.asyncProperty(
      events,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      async (all, a, b) => {
        const pages = async function* (side: string, length: number) {
          const held = heldBy(all, side).toSorted((x, y) => y.created_at - x.created_at);
          for (let at = 0; at < held.length; at += length) yield held.slice(at, at + length);
        };
        const found: Record<string, unknown[]> = { left: [], right: [] };
        for await (const { left, right } of comparePages({
          left: pages("left", a),
          right: pages("right", b),
        })) {
          found["left"]?.push(...left);
          found["right"]?.push(...right);
        }
        for (const side of ["left", "right"])
          expect(found[side]?.map((event) => (event as HeldEvent).id).toSorted()).toEqual(idsOn(all, side));
      },
    ),
    { numRuns: 100 },
  );
});

it("page by page reads no further ahead on one side than it must", async () => {
  const read = { left: 0, right: 0 };
  const pages = async function* (side: "left" | "right", step: number) {
    for (let time = NOW; time > NOW - 1000; time -= step) {
      read[side] += 1;
      yield [{ id: `${side}${time}`, created_at: time }];
    }
  };
  for await (const _found of comparePages({ left: pages("left", 100), right: pages("right", 10) }))
    expect(read.left).toBeLessThanOrEqual(read.right / 10 + 2);
});
