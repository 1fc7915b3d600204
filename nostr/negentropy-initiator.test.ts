import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import * as fc from "fast-check";
import { nip77 } from "nostr-tools";
import { describe, expect, it } from "vitest";
import "../tests/fixtures/seed.ts";
import { LEAST_FRAME, reconcile } from "./negentropy.ts";
import {
  askAbout,
  readParts,
  type RangePart,
  type RangeQuestion,
  type Stretch,
} from "./negentropy-initiator.ts";
import { addSums, boundAt, fingerprintOf, INFINITY, START, sumOfIds, timeOf } from "./negentropy-wire.ts";

interface Item {
  time: number;
  id: string;
}

/** Another side: it answers a message in hex. */
type Other = (message: string) => string;

const OURS = (items: Item[], most = 100_000): Other => {
  const records = items.map(({ time, id }) => time.toString(16).padStart(16, "0") + id);
  const bytes = hexToBytes(records.toSorted().join(""));
  return (message) => {
    const work = reconcile(bytes, hexToBytes(message), most);
    for (;;) {
      const step = work.next();
      if (!step.done) continue;
      if (!step.value.ok) throw new Error(step.value.reason);
      return bytesToHex(step.value.answer);
    }
  };
};

const NOSTR_TOOLS = (items: Item[], most?: number): Other => {
  const storage = new nip77.NegentropyStorageVector();
  for (const { time, id } of items) storage.insert(time, id);
  storage.seal();
  return (message) => new nip77.Negentropy(storage, most).reconcile(message) ?? "61";
};

function ask(other: Other, questions: RangeQuestion[]): RangePart[][] {
  const read = readParts(hexToBytes(other(bytesToHex(askAbout(questions)))), questions);
  if (!read.ok) throw new Error(read.reason);
  return read.parts;
}

/** Asks until everything is listed. */
function listAll(other: Other, all: Stretch): string[] {
  const ids: string[] = [];
  let pending: RangeQuestion[] = [all];
  for (let round = 0; pending.length > 0; round += 1) {
    if (round > 300) throw new Error("no end after 300 rounds");
    const parts = ask(other, pending.slice(-20)).flat();
    pending = [
      ...pending.slice(0, -20),
      ...parts.filter(({ kind }) => kind === "more" || kind === "unanswered"),
    ];
    for (const part of parts) if (part.kind === "ids") ids.push(...hexOf(part.ids));
  }
  return ids.toSorted();
}

function hexOf(ids: Uint8Array): string[] {
  return bytesToHex(ids).match(/.{64}/g) ?? [];
}

const ALL = { lower: START, upper: INFINITY };
const aTime = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 ** 31 - 2 }));
const anId = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex),
  fc.integer({ min: 0, max: 255 }).map((last) => "7".repeat(62) + last.toString(16).padStart(2, "0")),
);
const sets = fc.uniqueArray(fc.record({ time: aTime, id: anId }), {
  selector: ({ id }) => id,
  maxLength: 700,
  size: "max",
});
const others = fc.oneof(
  fc.constant(NOSTR_TOOLS),
  fc.constant(OURS),
  fc.integer({ min: LEAST_FRAME, max: 9000 }).map((most) => (items: Item[]) => NOSTR_TOOLS(items, most)),
  fc.integer({ min: LEAST_FRAME, max: 9000 }).map((most) => (items: Item[]) => OURS(items, most)),
);

describe("[36] what another side has", () => {
  it("is listed whole, whatever it has and however long its messages may be", () => {
    fc.assert(
      fc.property(sets, others, (items, other) => {
        expect(listAll(other(items), ALL)).toEqual(items.map(({ id }) => id).toSorted());
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("is listed as far as it was asked for", () => {
    fc.assert(
      fc.property(sets, others, aTime, aTime, (items, other, a, b) => {
        const [since, until] = [Math.min(a, b), Math.max(a, b) + 1];
        const wanted = items.filter(({ time }) => time >= since && time < until);
        const stretch = { lower: boundAt(since), upper: boundAt(until) };
        expect(listAll(other(items), stretch)).toEqual(wanted.map(({ id }) => id).toSorted());
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("is compared with what is remembered: only ranges that changed are answered", () => {
    const bounds = fc.uniqueArray(
      aTime.map((time) => time + 1),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(sets, sets, bounds, others, (before, added, times, other) => {
        const edges = [...times.toSorted((a, b) => a - b), Infinity];
        const questions = edges.map((edge, at) => remembered(before, edges[at - 1] ?? 0, edge));
        const now = [...new Map([...before, ...added].map((item) => [item.id, item])).values()].slice(1);
        const answers = ask(other(now), questions);
        for (const [at, parts] of answers.entries()) {
          const { lower, upper, fingerprint } = questions[at]!;
          const isSame =
            bytesToHex(remembered(now, timeOf(lower), timeOf(upper)).fingerprint) ===
            bytesToHex(fingerprint!);
          const kinds = new Set(parts.map(({ kind }) => kind));
          // A message that is too short for all answers ends with one range for the rest.
          expect(kinds.has("same") === isSame || kinds.has("unanswered")).toBe(true);
        }
        const unchanged = ask(other(before), questions).flat();
        expect(unchanged.every(({ kind }) => kind === "same")).toBe(true);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("costs one byte to answer if nothing changed", () => {
    const items = Array.from({ length: 5000 }, (_, n) => ({ time: n, id: n.toString(16).padStart(64, "0") }));
    const edges = Array.from({ length: 10 }, (_, n) => remembered(items, 500 * n, 500 * (n + 1)));
    const message = bytesToHex(askAbout(edges));
    expect(OURS(items)(message)).toBe("61");
    expect(message.length / 2).toBeLessThan(10 * 21);
  });
});

/** Returns the question about the records from one second to before another. */
function remembered(items: Item[], since: number, until: number) {
  const ids = items.filter(({ time }) => time >= since && time < until).map(({ id }) => id);
  const fingerprint = fingerprintOf(sumOfIds(hexToBytes(ids.join(""))), ids.length);
  return { lower: boundAt(since), upper: boundAt(until), fingerprint };
}

describe("[36] sums of ids", () => {
  it("are the same in any order and any grouping", () => {
    const ids = fc
      .uint8Array({ minLength: 0, maxLength: 32 * 20 })
      .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % 32)));
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const both = sumOfIds(Uint8Array.of(...a, ...b));
        expect(addSums(sumOfIds(a), sumOfIds(b))).toEqual(both);
        expect(addSums(sumOfIds(b), sumOfIds(a))).toEqual(both);
      }),
    );
  });

  it("are modulo 2^256", () => {
    const one = new Uint8Array(32).fill(1, 0, 1);
    expect(addSums(new Uint8Array(32).fill(0xff), one)).toEqual(new Uint8Array(32));
  });
});

describe("[36] a hostile answer", () => {
  const QUESTION = { lower: boundAt(10), upper: boundAt(20) };
  const KNOWN = { ...QUESTION, fingerprint: new Uint8Array(16).fill(7) };
  const ID = "ab".repeat(32);

  it.each([
    ["nothing at all", "", /does not start/],
    ["another version", "62", /speaks version 2/],
    ["silence about what was asked", "61", /silent/],
    ["silence about a part of it", "610b000006000200", /silent/],
    ["a bound that is cut short", "6100", /malformed/],
    ["bounds out of order", `610f02aabb01${"00".repeat(16)}0102aa00`, /malformed or out of order/],
    ["a mode that does not exist", "61000003", /malformed/],
    ["fewer ids than it announces", `6115000202${ID}`, /malformed/],
    ["more ids than there are numbers", `61150002${"ff".repeat(7)}7f`, /malformed/],
    ["ids of more than was asked", `6100000201${ID}`, /lists ids of more/],
    ["something after infinity", `61000001${"00".repeat(16)}00`, /goes on/],
  ])("with %s is refused", (_what, message, reason) => {
    expect(readParts(hexToBytes(message), [QUESTION])).toEqual({
      ok: false,
      reason: expect.stringMatching(reason),
    });
  });

  it("about ranges that were not asked about says nothing", () => {
    // Ids before second 10, then in it, then after it.
    const message = `610b000201${ID}0b00020000000201${ID}`;
    const read = readParts(hexToBytes(message), [QUESTION]);
    expect(read).toMatchObject({ ok: true, parts: [[{ kind: "ids", ids: new Uint8Array() }]] });
  });

  it("is any bytes: they are refused, or the parts cover what was asked", () => {
    const honest = askAbout([KNOWN, { lower: boundAt(30), upper: INFINITY }]);
    const spoilt = fc
      .tuple(fc.nat(honest.length - 1), fc.nat(255), fc.nat(honest.length))
      .map(([at, byte, length]) => honest.with(at, byte).subarray(0, length));
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.of(0x61, ...bytes));
    fc.assert(
      fc.property(fc.oneof(spoilt, noise), (message) => {
        const questions = [KNOWN, { lower: boundAt(30), upper: INFINITY }];
        const read = readParts(message, questions);
        if (!read.ok) return;
        for (const [at, { lower, upper }] of questions.entries()) {
          const parts = read.parts[at]!;
          expect([parts[0]?.lower, parts.at(-1)?.upper]).toEqual([lower, upper]);
          for (const [n, part] of parts.slice(1).entries()) expect(part.lower).toEqual(parts[n]!.upper);
        }
      }),
      { numRuns: 5000 },
    );
  }, 60_000);
});
