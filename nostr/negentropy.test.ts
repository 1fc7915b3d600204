import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import * as fc from "fast-check";
import { nip77 } from "nostr-tools";
import { describe, expect, it } from "vitest";
import { LEAST_FRAME, reconcile, type Reconciled } from "./negentropy.ts";

interface Item {
  time: number;
  id: string;
}

/** Returns an id that starts with these hex characters. */
function idOf(start: string): string {
  return start.padEnd(64, "0");
}

function recordsOf(items: Item[]): Uint8Array {
  const records = items.map(({ time, id }) => time.toString(16).padStart(16, "0") + id);
  return hexToBytes(records.toSorted().join(""));
}

function reconciledAt(records: Uint8Array, message: Uint8Array, most: number): Reconciled {
  const work = reconcile(records, message, most);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

function answerTo(message: string, items: Item[] = [], most = 100_000): string {
  const reconciled = reconciledAt(recordsOf(items), hexToBytes(message), most);
  return reconciled.ok ? bytesToHex(reconciled.answer) : reconciled.reason;
}

/** Returns the first 16 bytes of the hash of a sum of ids and a count, both in hex. */
function fingerprint(sum: string, count: string): string {
  return bytesToHex(sha256(hexToBytes(sum + count))).slice(0, 32);
}

describe("the published protocol", () => {
  const A = { time: 1000, id: idOf("aa") };
  const B = { time: 1000, id: idOf("aabb") };
  const C = { time: 1001, id: idOf("cc") };
  const ALL = "0000"; // infinity, no id

  it("[36] answers a list of ids with its own", () => {
    expect(answerTo(`61${ALL}0200`)).toBe(`61${ALL}0200`);
    expect(answerTo(`61${ALL}0201${C.id}`, [C, B, A])).toBe(`61${ALL}0203${A.id}${B.id}${C.id}`);
  });

  it("[36] is silent about a range whose fingerprint is the same: sum modulo 2^256, then count, hashed", () => {
    const huge = { time: 1, id: "ff".repeat(32) };
    const one = { time: 2, id: idOf("01") };
    expect(answerTo(`61${ALL}01${fingerprint(idOf(""), "00")}`)).toBe("61");
    expect(answerTo(`61${ALL}01${fingerprint(A.id, "01")}`, [A])).toBe("61");
    expect(answerTo(`61${ALL}01${fingerprint(idOf(""), "02")}`, [huge, one])).toBe("61");
    expect(
      answerTo(`61${ALL}01${fingerprint(idOf("02"), "03")}`, [huge, one, { time: 3, id: idOf("02") }]),
    ).toBe("61");
  });

  it("[36] answers another fingerprint with ids where they are few, and with 16 fingerprints where not", () => {
    expect(answerTo(`61${ALL}01${"00".repeat(16)}`, [A])).toBe(`61${ALL}0201${A.id}`);
    // Times 0 to 31. The ids of a part with the times 2n and 2n+1 have the sum 4n+1.
    const items = Array.from({ length: 32 }, (_, n) => ({
      time: n,
      id: idOf(n.toString(16).padStart(2, "0")),
    }));
    const parts = Array.from({ length: 16 }, (_, n) => {
      // A time is written as the distance from the bound before, plus one. The first distance is from 0.
      const bound = n === 15 ? ALL : "0300";
      return `${bound}01${fingerprint(idOf((4 * n + 1).toString(16).padStart(2, "0")), "02")}`;
    });
    expect(answerTo(`61${ALL}01${"00".repeat(16)}`, items)).toBe(`61${parts.join("")}`);
  });

  it("[36] splits within one second by the shortest part of an id", () => {
    const items = Array.from({ length: 32 }, (_, n) => ({
      time: 300,
      id: idOf(`55${n.toString(16).padStart(2, "0")}77`),
    }));
    const answer = answerTo(`61${ALL}01${"00".repeat(16)}`, items);
    // The distance 301 in base 128, then two bytes of the third id.
    expect(answer.startsWith("61822d02550201")).toBe(true);
    expect(answer.slice(14 + 32).startsWith("0102550401")).toBe(true);
  });

  it("[36] leaves out what the other side skips, and says so only before something else", () => {
    const skipToC = "876a0000"; // 1001 + 1
    expect(answerTo(`61${skipToC}`, [A, B, C])).toBe("61");
    expect(answerTo(`61${skipToC}${ALL}0200`, [A, B, C])).toBe(`61${skipToC}${ALL}0201${C.id}`);
    // An upper bound is exclusive. If it is shorter than an id, zeros follow.
    const toB = "876902aabb";
    expect(answerTo(`61${toB}0200`, [A, B, C])).toBe(`61${toB}0201${A.id}`);
  });

  it("[36] tells as many ids as a frame holds, and a fingerprint of the rest", () => {
    const items = Array.from({ length: 600 }, (_, n) => ({
      time: n,
      id: idOf((n + 1).toString(16).padStart(4, "0")),
    }));
    const initiator = new nip77.Negentropy(storageOf([]));
    const seen: string[] = [];
    let query: string | null = initiator.initiate();
    for (let round = 0; query !== null && round < 10; round += 1) {
      const answer = answerTo(query, items, LEAST_FRAME);
      expect(answer.length / 2).toBeLessThanOrEqual(LEAST_FRAME);
      query = initiator.reconcile(answer, undefined, (id) => seen.push(id));
    }
    expect(seen).toEqual(items.map(({ id }) => id));
  });

  it("[36] answers an unknown version with the single byte 0x61", () => {
    for (const version of ["60", "62", "6f"]) expect(answerTo(`${version}00000200`, [A])).toBe("61");
  });

  it.each([
    ["nothing at all", ""],
    ["no version", "ff"],
    ["a bound that is cut short", "6100"],
    ["an id in a bound that is cut short", "610002aa"],
    ["a bound longer than an id", `610021${"00".repeat(33)}00`],
    ["a range without a mode", "610000"],
    ["a mode that does not exist", "61000003"],
    ["a fingerprint that is cut short", `61${ALL}01${"00".repeat(15)}`],
    ["fewer ids than announced", `61${ALL}0202${A.id}`],
    ["more ids than there are numbers", `61${ALL}02${"ff".repeat(40)}7f`],
    ["a time beyond all numbers", `61${"ff".repeat(8)}7f0000`],
    ["an unfinished number", "61ff"],
    ["bounds out of order", "610602aabb000102aa00"],
    ["something after infinity", `61${ALL}00020000`],
  ])("[36] refuses %s", (_what, message) => {
    expect(answerTo(message, [A, B, C])).toMatch(/malformed|does not start/);
  });
});

describe("with the implementation of nostr-tools on the other side", () => {
  const anItem = fc.record({
    // A few seconds, so that many items share one. nostr-tools cannot handle times beyond 2^31.
    time: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 31 - 2 })),
    id: fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex),
      // Ids that differ only in the last byte.
      fc.integer({ min: 0, max: 255 }).map((last) => "7".repeat(62) + last.toString(16).padStart(2, "0")),
    ),
    isHere: fc.boolean(),
    isThere: fc.boolean(),
  });
  const sets = fc.uniqueArray(anItem, { selector: ({ id }) => id, maxLength: 600, size: "max" });

  it("[36] both sides learn what is missing, whatever the sets and the size of a frame", () => {
    const frames = fc.integer({ min: LEAST_FRAME, max: 9000 });
    fc.assert(
      fc.property(sets, frames, (items, most) => {
        const here = items.filter(({ isHere }) => isHere);
        const there = items.filter(({ isThere }) => isThere);
        const initiator = new nip77.Negentropy(storageOf(there), most);
        const [have, need] = [new Set<string>(), new Set<string>()];
        let query: string | null = initiator.initiate();
        for (let round = 0; query !== null; round += 1) {
          if (round > 100) throw new Error("no end after 100 rounds");
          const answer = answerTo(query, here, most);
          expect(answer.length / 2).toBeLessThanOrEqual(most);
          query = initiator.reconcile(
            answer,
            (id) => have.add(id),
            (id) => need.add(id),
          );
        }
        expect(have).toEqual(new Set(there.filter(({ isHere }) => !isHere).map(({ id }) => id)));
        expect(need).toEqual(new Set(here.filter(({ isThere }) => !isThere).map(({ id }) => id)));
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("[36] takes any bytes, and bytes that were a message once", () => {
    const few = Array.from({ length: 100 }, (_, n) => ({
      time: n,
      id: idOf(n.toString(16).padStart(2, "0")),
    }));
    const message = hexToBytes(new nip77.Negentropy(storageOf(few.slice(0, 90))).initiate());
    const spoilt = fc
      .tuple(fc.nat(message.length - 1), fc.nat(255), fc.nat(message.length))
      .map(([at, byte, length]) => message.with(at, byte).subarray(0, length));
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.of(0x61, ...bytes));
    fc.assert(
      fc.property(fc.oneof(spoilt, noise, fc.uint8Array()), (bytes) => {
        const reconciled = reconciledAt(recordsOf(few), bytes, LEAST_FRAME);
        if (!reconciled.ok) return;
        expect(reconciled.answer.length).toBeLessThanOrEqual(LEAST_FRAME);
        // The answer is always a valid message.
        expect(reconciledAt(recordsOf(few), reconciled.answer, LEAST_FRAME).ok).toBe(true);
      }),
      { numRuns: 5000 },
    );
  }, 60_000);
});

function storageOf(items: Item[]): nip77.NegentropyStorageVector {
  const storage = new nip77.NegentropyStorageVector();
  for (const { time, id } of items) storage.insert(time, id);
  storage.seal();
  return storage;
}
