import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import * as fc from "fast-check";
import { getEventHash } from "nostr-tools/pure";
import { describe, expect, it } from "vitest";
import {
  isHex64,
  type Event,
  eventId,
  isIndexable,
  kindClass,
  newestFirst,
  parseEvent,
  serializeEvent,
  versionKey,
} from "./event.ts";

const A = "a".repeat(64);
const EVENT: Event = {
  id: "0".repeat(64),
  pubkey: A,
  created_at: 1_700_000_000,
  kind: 1,
  tags: [["t", "nostr"], [""]],
  content: "hello",
  sig: "b".repeat(128),
};

const anyText = fc.string({ unit: "binary" });
const anyDraft = fc.record(
  {
    pubkey: fc.constant(A),
    created_at: fc.maxSafeNat(),
    kind: fc.integer({ min: 0, max: 65_535 }),
    tags: fc.array(fc.array(anyText, { minLength: 1 })),
    content: anyText,
  },
  { noNullPrototype: true },
);

describe("[1] the id", () => {
  it("is the hash of the array without white space, each character as it is or as NIP-01 escapes it", () => {
    const content = '\n"\\\r\t\b\f / é 日本 🦤 \u2028 \u007f';
    const text = String.raw`[0,"${A}",1700000000,1,[["e","x"]],"\n\"\\\r\t\b\f / é 日本 🦤 ${"\u2028"} ${"\u007f"}"]`;
    const event = { ...EVENT, tags: [["e", "x"]], content };
    expect(serializeEvent(event)).toBe(text);
    expect(eventId(event)).toBe(bytesToHex(sha256(utf8ToBytes(text))));
  });

  it("of other control characters is the hash that clients make", () => {
    expect(serializeEvent({ ...EVENT, content: "\u0001\u0000" })).toContain(String.raw`"\u0001\u0000"]`);
  });

  it("is the one that nostr-tools computes, whatever is in the event", () => {
    fc.assert(
      fc.property(anyDraft, (draft) => {
        expect(eventId(draft)).toBe(getEventHash(draft));
      }),
    );
  });

  it("has to be UTF-8: an event with a lone surrogate is refused", () => {
    for (const lone of ["\ud800", "a\udfffb"]) {
      expect(parseEvent({ ...EVENT, content: lone })).toMatchObject({ ok: false });
      expect(parseEvent({ ...EVENT, tags: [["t", lone]] })).toMatchObject({ ok: false });
      expect(parseEvent({ ...EVENT, tags: [[lone, "x"]] })).toMatchObject({ ok: false });
    }
    expect(parseEvent({ ...EVENT, content: "\ud83e\udda4" })).toMatchObject({ ok: true });
  });
});

describe("[2] the shape of an event", () => {
  it("takes every well-formed event, as it is", () => {
    fc.assert(
      fc.property(anyDraft, (draft) => {
        const event = { ...draft, id: eventId(draft), sig: EVENT.sig };
        expect(parseEvent(JSON.parse(JSON.stringify(event)))).toEqual({ ok: true, event });
      }),
    );
  });

  it.each([
    ["id", "A".repeat(64), 64],
    ["id", "0".repeat(63), 64],
    ["id", `${"0".repeat(64)}\n`, 64],
    ["id", undefined, 64],
    ["pubkey", "F".repeat(64), 64],
    ["pubkey", "0".repeat(65), 64],
    ["pubkey", 0, 64],
    ["sig", "b".repeat(127), 128],
    ["sig", "B".repeat(128), 128],
    ["sig", null, 128],
    ["kind", -1, 65_535],
    ["kind", 65_536, 65_535],
    ["kind", 1.5, 65_535],
    ["kind", "1", 65_535],
    ["created_at", -1, "non-negative"],
    ["created_at", 1.5, "non-negative"],
    ["created_at", 2 ** 53, "non-negative"],
    ["created_at", "1700000000", "non-negative"],
    ["created_at", null, "non-negative"],
    ["tags", {}, "non-empty"],
    ["tags", [[]], "non-empty"],
    ["tags", [["t", 1]], "non-empty"],
    ["tags", [["t"], "t"], "non-empty"],
    ["tags", undefined, "non-empty"],
    ["content", 7, "string"],
    ["content", null, "string"],
  ])("does not allow %s to be %j", (field, value, hint) => {
    const parsed = parseEvent({ ...EVENT, [field]: value });
    expect(parsed).toMatchObject({ ok: false });
    const { reason } = parsed as { reason: string };
    expect(reason).toContain(field);
    expect(reason).toContain(String(hint));
  });

  it.each([[null], [[]], ["event"], [1], [undefined]])("is an object, not %j", (value) => {
    expect(parseEvent(value)).toEqual({ ok: false, reason: "an event must be a JSON object" });
  });

  it("takes the limits themselves", () => {
    for (const fields of [{ kind: 0 }, { kind: 65_535 }, { created_at: 0 }, { created_at: 2 ** 53 - 1 }]) {
      expect(parseEvent({ ...EVENT, ...fields })).toMatchObject({ ok: true, event: fields });
    }
  });

  it("drops every other field", () => {
    const given = { ...EVENT, seen_on: ["wss://a"], __proto__: { x: 1 }, toJSON: "no" };
    expect(parseEvent(given)).toEqual({ ok: true, event: EVENT });
  });
});

it("[2] 32 bytes are 64 characters, each one of 0-9 and a-f, and nothing else", () => {
  const valid = "0123456789abcdef".repeat(4);
  for (let code = 0; code < 0x1_00_00; code += 1) {
    const character = String.fromCharCode(code);
    const at = code % 64;
    const changed = valid.slice(0, at) + character + valid.slice(at + 1);
    expect(isHex64(changed), `character ${code}`).toBe(/[0-9a-f]/.test(character));
  }
  for (const other of ["", valid.slice(1), `${valid}0`, `${valid}\n`, [valid], 64, null, new String(valid)])
    expect(isHex64(other)).toBe(false);
});

describe("[4] kind classes", () => {
  it.each([
    ["replaceable", [0, 3, 10_000, 10_002, 19_999]],
    ["ephemeral", [20_000, 22_242, 29_999]],
    ["addressable", [30_000, 30_023, 39_999]],
    ["regular", [1, 2, 4, 5, 40, 41, 44, 45, 62, 999, 1000, 9999, 40_000, 65_535]],
  ] as const)("%s: %j", (expected, kinds) => {
    for (const kind of kinds) expect(kindClass(kind), `kind ${kind}`).toBe(expected);
  });
});

describe("[5] versions", () => {
  it("of replaceable events are told apart by nothing, of others by nothing at all", () => {
    expect(versionKey({ kind: 0, tags: [["d", "x"]] })).toBe("");
    expect(versionKey({ kind: 10_002, tags: [] })).toBe("");
    expect(versionKey({ kind: 1, tags: [["d", "x"]] })).toBeUndefined();
    expect(versionKey({ kind: 41, tags: [["d", "x"]] })).toBeUndefined();
    expect(versionKey({ kind: 20_000, tags: [["d", "x"]] })).toBeUndefined();
  });

  it.each([
    [[["d", "x"]], "x"],
    [
      [
        ["e", "y"],
        ["d", "x"],
        ["d", "y"],
      ],
      "x",
    ],
    [[["d"], ["d", "y"]], ""],
    [[["D", "x"]], ""],
    [[["d", "", "z"]], ""],
    [[], ""],
  ])("of addressable events with tags %j are %j", (tags, key) => {
    expect(versionKey({ kind: 30_000, tags })).toBe(key);
  });

  it("are newest first, and at the same second lowest id first, in a total order", () => {
    const one = fc.record({
      created_at: fc.integer({ min: 0, max: 3 }),
      id: fc.integer({ min: 0, max: 15 }).map((n) => n.toString(16).repeat(64)),
    });
    fc.assert(
      fc.property(fc.array(one), (events) => {
        const sorted = events.toSorted(newestFirst);
        expect(events.toReversed().toSorted(newestFirst)).toEqual(sorted);
        sorted.slice(1).forEach((later, at) => {
          const earlier = sorted[at]!;
          const inOrder =
            earlier.created_at > later.created_at ||
            (earlier.created_at === later.created_at && earlier.id <= later.id);
          expect(inOrder).toBe(true);
        });
      }),
    );
  });
});

it.each([
  [["e", "x"], true],
  [["E", ""], true],
  [["z", "x", "y"], true],
  [["e"], false],
  [["ee", "x"], false],
  [["", "x"], false],
  [["-", "x"], false],
  [["1", "x"], false],
  [["é", "x"], false],
  [["e\n", "x"], false],
  [[], false],
])("[8] the tag %j is indexed: %j", (tag, indexed) => {
  expect(isIndexable(tag)).toBe(indexed);
});
