import { bytesToHex } from "@noble/hashes/utils.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateOf, referenceHll, referenceOffset } from "../tests/reference/hyperloglog.ts";
import { seeded } from "../tests/reference/generators.ts";
import { parseFilter } from "./filter.ts";
import { addAuthor, canonicalTarget, emptyRegisters, hllOffset, mergeRegisters } from "./hyperloglog.ts";

const ID = "0123456789abcdef".repeat(4);
const KEY = `${"0".repeat(32)}f${"0".repeat(31)}`;

/** Generates keys in hex, often with many zeros in a row. */
const pubkeys = fc
  .array(
    fc.tuple(
      fc.constantFrom("0", "00", "0000000", "1", "7", "8", "f", "3c", "a5"),
      fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16)),
    ),
    {
      minLength: 8,
    },
  )
  .map((parts) => parts.flat().join("").slice(0, 64).padEnd(64, "0"));

function hllOf(value: string, authors: string[]): Uint8Array {
  const registers = emptyRegisters();
  for (const author of authors) addAuthor(registers, author, hllOffset(value));
  return registers;
}

describe("[34] the offset", () => {
  it.each([
    ["of an id or a key is its digit 32, and 8", ID, 0 + 8],
    ["of the highest digit", KEY, 15 + 8],
    ["of an address is that of its author's key", `30023:${KEY}:a:b`, 15 + 8],
    ["of a replaceable event's address", `10002:${KEY}:`, 15 + 8],
    // sha256: 8f5392e46117964c5bdc89299e3afa56 4…
    ["of anything else is that of its SHA-256", "nostr", 4 + 8],
    ["of upper-case hex, which is no id", ID.toUpperCase(), referenceOffset(ID.toUpperCase())],
    // sha256: e3b0c44298fc1c149afbf4c8996fb924 2…
    ["of nothing", "", 2 + 8],
  ])("%s", (_, value, offset) => {
    expect(hllOffset(value)).toBe(offset);
  });
});

describe("[34] the registers", () => {
  const at = (byte: number, hex: string) => `${"ff".repeat(byte)}${hex}`.padEnd(64, "f");

  it.each([
    ["no zero bit", "05ff", 1],
    ["one", "057f", 2],
    ["a byte of zeros", "0500ff", 9],
    ["a byte and three bits", "05001f", 12],
    ["seven bytes, which is where looking ends", `05${"00".repeat(8)}`, 57],
  ])("%s", (_, hex, value) => {
    for (let digit = 0; digit < 16; digit += 1) {
      const target = `${"0".repeat(32)}${digit.toString(16)}${"0".repeat(31)}`;
      const registers = hllOf(target, [at(digit + 8, hex)]);
      expect([...registers].map((register, n) => [n, register]).filter(([, r]) => r !== 0)).toEqual([
        [5, value],
      ]);
    }
  });

  it("are those of the reference, and 512 characters in hex", () => {
    fc.assert(
      fc.property(fc.array(pubkeys), fc.constantFrom(ID, KEY, `1:${KEY}:x`, "word"), (authors, value) => {
        const hll = bytesToHex(hllOf(value, authors));
        expect(hll).toBe(referenceHll(value, authors));
        expect(hll).toMatch(/^[0-9a-f]{512}$/);
      }),
    );
  });

  it("merge to what one relay with all the events would say", () => {
    fc.assert(
      fc.property(fc.array(pubkeys), fc.array(pubkeys), (some, others) => {
        expect(mergeRegisters([hllOf(ID, some), hllOf(ID, others)])).toEqual(hllOf(ID, [...some, ...others]));
      }),
    );
    expect(mergeRegisters([])).toEqual(emptyRegisters());
  });

  it("tell how many authors there are, within a few per cent", () => {
    const random = seeded(45);
    const word = () =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    const aKey = () => Array.from({ length: 8 }, word).join("");
    for (const size of [10, 200, 2000, 20_000]) {
      const errors = Array.from({ length: size > 2000 ? 4 : 20 }, () => {
        const authors = Array.from({ length: size }, aKey);
        return estimateOf(bytesToHex(hllOf(aKey(), authors))) / size - 1;
      });
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      expect(Math.abs(mean), `${size} authors`).toBeLessThan(0.06);
    }
  });
});

describe("[34] canonical filters", () => {
  const targetOf = (wire: unknown) => {
    const parsed = parseFilter(wire);
    if (!parsed.ok) throw new Error(parsed.reason);
    return canonicalTarget(parsed.filter);
  };

  it.each([
    { "#e": [ID], kinds: [7] },
    { kinds: [6], "#e": [ID] },
    { "#e": [ID], kinds: [1] },
    { "#E": [ID], kinds: [1111] },
    { "#p": [ID], kinds: [3] },
    { "#q": [ID], kinds: [1, 1111] },
    { "#q": [ID], kinds: [1111, 1] },
    { "#q": [`30023:${KEY}:d`], kinds: [1, 1111] },
    { "#e": [ID], kinds: [7], limit: 0 },
    { "#e": [ID], kinds: [7, 7] },
  ])("%j is one", (wire) => {
    expect(targetOf(wire)).toMatchObject({
      value: Object.values(wire)
        .flat()
        .find((v) => typeof v === "string"),
    });
  });

  it.each([
    {},
    { kinds: [7] },
    { "#e": [ID] },
    { "#e": [ID], kinds: [] },
    { "#e": [], kinds: [7] },
    { "#e": [ID, KEY], kinds: [7] },
    { "#e": [ID], "#p": [KEY], kinds: [7] },
    { "#e": [ID], kinds: [7, 6] },
    { "#e": [ID], kinds: [3] },
    { "#p": [ID], kinds: [7] },
    { "#E": [ID], kinds: [1] },
    { "#q": [ID], kinds: [1] },
    { "#q": [ID], kinds: [1, 1111, 7] },
    { "#e": [ID], kinds: [7], since: 0 },
    { "#e": [ID], kinds: [7], until: 9 },
    { "#e": [ID], kinds: [7], authors: [KEY] },
    { "#e": [ID], kinds: [7], ids: [KEY] },
  ])("%j is none", (wire) => {
    expect(targetOf(wire)).toBeUndefined();
  });

  it("nor is one with a field that is not known yet", () => {
    const filter = { kinds: [7], tags: [{ name: "e", values: [ID] }] };
    expect(canonicalTarget(filter)).toBeDefined();
    expect(canonicalTarget({ ...filter, search: "x" } as typeof filter)).toBeUndefined();
  });
});
