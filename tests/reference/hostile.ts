/** Events and filters at the extremes of every limit, for fast-check. Signatures are not real. */
import * as fc from "fast-check";
import { type Event, eventId } from "../../nostr/event.ts";
import type { WireFilter } from "./matcher.ts";

export const KEY = "1".repeat(64);
/** The events of a world are within this many seconds. Very many are in the second CROWDED. */
export const SPAN = 40_000;
export const CROWDED = 20_000;
export const CROWD = 6000;

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");
const hex = (n: number) => n.toString(16).padStart(64, "0");
const some = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));

/** Pieces of text that take long to process: marks, ligatures that expand, scripts without spaces, joiners, long words. */
const PIECES = [
  "\u0301\u0323",
  "ﷺ",
  "ﬃ",
  "각",
  "日本",
  "ṩ",
  "ｶﾞ",
  "👩‍👩‍👧",
  "a",
  "word ",
  "l’",
  "\u200d",
  "\ud83d",
  "กี่",
];
const text = (longest: number) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom(...PIECES), fc.constantFrom(1, 30, 1000)), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.constantFrom(0, 1, 280, longest),
    )
    .map(([pieces, length]) => {
      const piece = pieces.map(([one, times]) => one.repeat(times)).join("");
      return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
    });

const KINDS = [0, 1, 4, 5, 62, 1059, 9735, 10_002, 20_001, 30_000, 31_234, 65_535];

const tags: fc.Arbitrary<string[][]> = fc.oneof(
  fc.constant<string[][]>([]),
  // As many tags as fit in a message.
  fc.constantFrom("d", "e", "p", "t", "title").map((name) => some(5000, (n) => [name, hex(n)])),
  fc.constant(some(5000, (n) => [LETTERS[n % 52] ?? "", `${n % 400}`])),
  text(400_000).map((giant) => [["t", giant.toWellFormed()]]),
  fc.constantFrom("0", "1", "9".repeat(15), "x").map((at) => [["expiration", at]]),
  fc.array(
    fc
      .tuple(fc.constantFrom("d", "e", "p", "t"), fc.constantFrom("", "common", KEY))
      .map(([name, value]): string[] => [name, value]),
    { maxLength: 30 },
  ),
);

/** Generates events of up to 512 kB. */
export const hostileEvent: fc.Arbitrary<Event> = fc
  .record({
    pubkey: fc.constantFrom(KEY, hex(7)),
    created_at: fc.constantFrom(0, CROWDED, SPAN, 2 ** 32),
    kind: fc.constantFrom(...KINDS),
    tags,
    content: text(260_000).map((content) => content.toWellFormed()),
  })
  .map((draft) => ({ ...draft, id: eventId(draft), sig: "ab".repeat(64) }));

/** Lengths of lists. The first values of a list may be in the world. */
const sizes = fc.constantFrom(1, 3, 4, 60, 1000, 9000);
const listOf = (known: string[]) =>
  fc
    .tuple(sizes, fc.constantFrom(0, 1, known.length))
    .map(([size, real]) => [
      ...known.slice(0, Math.min(real, size)),
      ...some(Math.max(0, size - Math.min(real, size)), (n) => hex(1_000_000 + n)),
    ]);

const sometimes = <T>(weight: number, arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined, freq: weight });

const conditions = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: listOf(["common", "rare", "z"]).map((values) => ({ "#t": values })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(listOf(["common"]), listOf(["0", "1", "2"]))
      .map(([values, others]) => ({ "#t": values, "#x": others })),
  },
  { weight: 1, arbitrary: fc.constantFrom([hex(3)], [KEY], some(9000, hex)).map((keys) => ({ "#p": keys })) },
  // All letters. Events of the world have the values of all but the last.
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(1, 3, 4, 150)
      .map((count) =>
        Object.fromEntries(
          LETTERS.map((name) => [
            `#${name}`,
            some(count, (n) => (/[ep]/.test(name) ? hex(n) : name === "Z" ? "no" : String(n))),
          ]),
        ),
      ),
  },
);

/** Generates filters. `ids` are those of stored events. */
export function hostileFilter(ids: string[]): fc.Arbitrary<WireFilter> {
  return fc
    .record({
      ids: sometimes(7, listOf(ids)),
      authors: sometimes(2, listOf([KEY, hex(7), hex(8)])),
      kinds: sometimes(
        2,
        fc.constantFrom(
          [1],
          [7777],
          [4, 1059],
          [1, 7, 9000],
          [30_000],
          some(5000, (n) => n),
        ),
      ),
      since: sometimes(3, fc.constantFrom(0, CROWDED, CROWDED + 1, SPAN, 2 ** 64)),
      until: sometimes(3, fc.constantFrom(0, CROWDED, SPAN, 2 ** 64)),
      limit: sometimes(2, fc.constantFrom(0, 1, 5000, 2 ** 64)),
      search: sometimes(
        6,
        fc.constantFrom("word", "no such", "a b c d e f g h i j", "日本日本日本日本", "word ".repeat(50)),
      ),
      conditions,
    })
    .map(({ conditions: chosen, ...fields }) => {
      const given = Object.entries(fields).filter(([, value]) => value !== undefined);
      return { ...Object.fromEntries(given), ...chosen } as WireFilter;
    });
}

/** Returns stored events: popular tags, one crowded second, long tags, many tags, long texts, versions, private events. */
export function hostileWorld(): Event[] {
  const note = (draft: Partial<Event>): Event => {
    const event = { pubkey: KEY, created_at: 0, kind: 1, tags: [], content: "", ...draft };
    return { ...event, id: eventId(event), sig: "ab".repeat(64) };
  };
  const few = LETTERS.flatMap((name) => [
    [name, "0"],
    [name, "1"],
  ]).filter(([name]) => !/[Zpe]/.test(name ?? ""));
  return [
    ...some(3000, (n) =>
      note({
        created_at: n * 13,
        kind: n % 3 === 0 ? 9000 : 1,
        tags: [["t", "common"]],
        content: `word ${n}`,
      }),
    ),
    ...some(CROWD, (n) =>
      note({
        created_at: CROWDED,
        pubkey: hex(n % 50),
        tags: [
          ["t", "common"],
          ["x", "0"],
        ],
        content: `${n}`,
      }),
    ),
    ...some(400, (n) =>
      note({
        created_at: n * 90,
        tags: [
          ["t", "common"],
          ["x", "1"],
          ["long", `${n}`.repeat(1500)],
        ],
      }),
    ),
    ...some(300, (n) => note({ created_at: n * 120, tags: [["t", "common"], ...few], content: `word ${n}` })),
    ...some(150, (n) => note({ created_at: n * 200, content: `word ${"日本 ṩ̣̇ ﷺ ".repeat(500)} ${n}` })),
    ...some(1200, (n) => note({ created_at: n, kind: 30_000, tags: [["d", `${n}`]] })),
    ...some(800, (n) =>
      note({ created_at: n * 50, kind: n % 2 === 0 ? 4 : 1059, tags: [["p", KEY]], content: `${n}` }),
    ),
    ...some(300, (n) =>
      note({
        created_at: n * 70,
        tags: [
          ["expiration", "9"],
          ["t", "common"],
        ],
        content: `${n}`,
      }),
    ),
  ];
}
