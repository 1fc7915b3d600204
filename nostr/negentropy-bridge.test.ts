import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { answererOf, type HeldEvent } from "../tests/fixtures/negentropy-upstream.ts";
import "../tests/fixtures/seed.ts";
import { Bridge, type OnlyOn } from "./negentropy-bridge.ts";
import { LEAST_FRAME } from "./negentropy.ts";
import type { Stretch } from "./negentropy-initiator.ts";
import { boundAt, INFINITY, START } from "./negentropy-wire.ts";

type Answerer = (message: string) => string;

const ALL: Stretch = { lower: START, upper: INFINITY };

function compare(left: Answerer, right: Answerer, range = ALL) {
  const bridge = new Bridge(range);
  const only: OnlyOn = { left: [], right: [] };
  let rounds = 0;
  for (let next = bridge.next(); next; next = bridge.next()) {
    const answer = { left, right }[next.side](bytesToHex(next.message));
    const taken = bridge.take(hexToBytes(answer));
    if (!taken.ok) return { failure: `${next.side}: ${taken.reason}` };
    only.left.push(...taken.only.left);
    only.right.push(...taken.only.right);
    rounds += 1;
    if (rounds > 2000) throw new Error("no end after 2000 rounds");
  }
  return { left: only.left.toSorted(), right: only.right.toSorted(), rounds };
}

const event = (n: number, created_at = n): HeldEvent => ({
  id: n.toString(16).padStart(8, "0").repeat(8),
  created_at,
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => event(from + n));
const ids = (events: HeldEvent[]) => events.map(({ id }) => id).toSorted();

const sides = fc.constantFrom<"tributary" | "nostr-tools">("tributary", "nostr-tools");
const sets = fc
  .uniqueArray(
    fc.record({
      created_at: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 ** 31 })),
      id: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex),
      where: fc.constantFrom("left", "right", "both", "both", "both"),
    }),
    { selector: ({ id }) => id, maxLength: 600, size: "max" },
  )
  .map((events) => events.map(({ where, ...event }) => ({ where, event })));

it("finds what only one side has, for two implementations and for short answers", () => {
  fc.assert(
    fc.property(sets, sides, sides, fc.constantFrom(LEAST_FRAME, 100_000), (all, leftBy, rightBy, frame) => {
      const at = (side: string) => all.filter(({ where }) => where === side).map(({ event }) => event);
      const left = answererOf([...at("left"), ...at("both")], frame, leftBy);
      const right = answererOf([...at("right"), ...at("both")], frame, rightBy);
      expect(compare(left, right)).toMatchObject({ left: ids(at("left")), right: ids(at("right")) });
    }),
    { numRuns: 30 },
  );
});

it("equal sets of any size take a round with each side, and one difference takes few", () => {
  const all = range(0, 50_000);
  const side = answererOf(all);
  expect(compare(side, side)).toEqual({ left: [], right: [], rounds: 2 });
  const { left, right, rounds } = compare(answererOf(all.toSpliced(777, 1)), side);
  expect({ left, right }).toEqual({ left: [], right: ids([event(777)]) });
  expect(rounds).toBeLessThanOrEqual(8);
});

it("a side without events, against one with many", () => {
  const all = range(0, 5000);
  for (const by of ["tributary", "nostr-tools"] as const) {
    const full = answererOf(all, LEAST_FRAME, by);
    const empty = answererOf([], LEAST_FRAME, by);
    expect(compare(empty, full)).toMatchObject({ left: [], right: ids(all) });
    expect(compare(full, empty)).toMatchObject({ left: ids(all), right: [] });
    expect(compare(empty, empty)).toMatchObject({ left: [], right: [], rounds: 2 });
  }
});

it("compares only a range of seconds", () => {
  const bounds = { lower: boundAt(100), upper: boundAt(200) };
  const within = range(100, 200);
  expect(compare(answererOf(within), answererOf([]), bounds)).toMatchObject({ left: ids(within), right: [] });
});

it("a hostile side ends the comparison", () => {
  const honest = answererOf(range(0, 100));
  const hostile: Record<string, string> = {
    "": "does not start with a protocol version",
    "62": "it speaks version 2 of the protocol",
    "61": "it is silent about a range that it was asked about",
    "61ff": "malformed or out of order",
    // One fingerprint for everything, again and again.
    [`61000001${"11".repeat(16)}`]: "it answers nothing",
    // A list that goes on after its range.
    "61000002000000": "goes on after its end",
  };
  for (const [answer, says] of Object.entries(hostile)) {
    expect(compare(() => answer, honest)).toEqual({ failure: expect.stringContaining(says) });
  }
  expect(compare(answererOf([]), () => "61")).toEqual({
    failure: "right: it is silent about a range that it was asked about",
  });
});

it("a list may have any ids, and each is told once for the other side", () => {
  const told = [1, 2, 2].map((n) => event(n).id);
  const hostile = `6100000203${told.join("")}`;
  expect(compare(answererOf([event(1)]), () => hostile)).toMatchObject({
    left: [],
    right: [event(2).id, event(2).id],
  });
});
