import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { seeded } from "../tests/reference/generators.ts";
import { aSearch, aText, isFoundBy } from "../tests/reference/search.ts";
import { Candidate } from "./candidate.ts";
import type { Event } from "./event.ts";
import { PRIVATE_KINDS } from "./visibility.ts";
import { asksForText, LONGEST_SEARCH, phrasesOf, searchableText, searchMatcher } from "./search.ts";

function note(content: string, fields: Partial<Event> = {}): Event {
  const hex = "ab".repeat(32);
  return { id: hex, pubkey: hex, sig: hex + hex, created_at: 1, kind: 1, tags: [], content, ...fields };
}

const finds = (search: string, text: string) => searchMatcher(search)(new Candidate(note(text)).text);

describe("[35] a search finds", () => {
  it.each([
    ["nostr", "Nostr is simple"],
    ["IS nostr", "Nostr is simple"],
    ["is", "Nostr is simple"],
    ["no", "no, thanks"],
    ["cafe", "the Café"],
    ["CAFÉ", "the cafe\u0301"],
    ["ｎｏｓｔｒ", "nostr"],
    ["strasse", "Straße"],
    ["istanbul", "İSTANBUL"],
    ["οδος", "ΟΔΌΣ"],
    ["елка", "Ёлка"],
    ["привет", "ПРИВЕТ!"],
    ["e-mail", "an e-mail"],
    ["email", "e\u00admail"],
    ["example.com", "see https://example.com/x"],
    ["https://example.com/x", "see https://example.com/x"],
    ["nostr:npub1abc", "by nostr:npub1abc"],
    ["#nostr", "nostr"],
    ["nostr", "#nostr"],
    ["東京", "東京都に住む"],
    ["京都", "東京都に住む"],
    ["京", "東京都に住む"],
    ["データ", "ﾃﾞｰﾀﾍﾞｰｽ"],
    ["ガ", "\u30ab\u3099"],
    ["検索", "日本語nostr検索"],
    ["nostr検索", "日本語nostr検索"],
    ["東京\u3000天気", "天気は東京"],
    ["中文", "我会说中文。"],
    ["𠮷野", "𠮷野家"],
    ["한국", "한국어를 배워요"],
    ["ㅋㅋ", "ㅋㅋㅋㅋ"],
    ["ดี", "สวัสดีครับ"],
    ["កម្ពុជា", "ប្រទេសកម្ពុជា"],
    ["कर", "कर दो"],
    ["مرحبا", "مَرْحَبًا بكم"],
    ["الإسلام", "الاسلام"],
    ["שלום", "שָׁלוֹם"],
    ["میخواهم", "می\u200cخواهم"],
    ["🦤", "a 🦤!"],
    ["👍", "👍🏽"],
    ["❤", "❤️"],
    ["👩‍💻", "here: 👩‍💻"],
    ["🇯🇵", "in 🇯🇵"],
    ["best best", "best"],
    ["language:en nostr nsfw:false", "nostr"],
    ["!!! nostr", "nostr"],
    ["note:", "note"],
    ["re:zero", "I watch Re:Zero"],
    ["zero", "Re:Zero"],
    ["TODO:fix", "todo: fix this"],
    ["from:me", "a letter from me"],
    ["dont", "you don't say"],
    ["dont", "you don’t say"],
    ["don't", "you dont say"],
    ["don’t", "DON'T"],
    ["don", "don't"],
    ["don-t", "don't"],
    ["rock'n'roll-band", "a Rock’n’Roll-Band plays"],
    ["eau", "de l’eau"],
    ["l'été", "l\u2019e\u0301te\u0301"],
    ["l'eau", "LEAU"],
    ["hawaii", "Hawai\u02bbi"],
    ["o\u02bcahu", "O'ahu"],
    ["'quoted'", "quoted"],
    ["quoted", "a 'quoted' word"],
    ["the dogs", "the dogs' bowls"],
    ["п'ять", "п’ять"],
    ["a".repeat(100), `key ${"a".repeat(100)}`],
  ])("%j in %j", (search, text) => {
    expect(finds(search, text)).toBe(true);
  });
});

describe("[35] a search does not find", () => {
  it.each([
    ["nost", "nostr"],
    ["ostr", "nostr"],
    ["nostr relay", "nostr"],
    ["nostr zap", "nostr zaps"],
    ["mail-e", "e mail"],
    ["東都", "東京都"],
    ["京東", "東京"],
    ["カ", "ガ"],
    ["하", "한국"],
    ["は", "ば"],
    ["ด", "ดี"],
    ["कर", "करना"],
    ["!!!", "!!!"],
    ["*", "anything"],
    ["", "\u0000"],
    ["nostr zap language:en", "nostr en"],
    ["re:zero", "zero re"],
    ["dont", "don t"],
    ["dont", "don''t"],
    ["don't", "don"],
    ["l'eau", "l eau"],
  ])("%j in %j", (search, text) => {
    expect(finds(search, text)).toBe(false);
  });
});

it.each([
  ['"', []],
  ['no*  NEAR(a b) "x" text:y -z ^w + {q} NOT', ["no", "near a", "b", "x", "text y", "z", "w", "q", "not"]],
  ["a AND b OR c", ["a", "and", "b", "or", "c"]],
  ["x') --", ["x"]],
  ["a\u0000b", ["a b"]],
  ["lone \ud800 surrogate", ["lone", "surrogate"]],
])("[35] what has a meaning in query languages is only text: %j", (search, phrases) => {
  expect(phrasesOf(search)).toEqual(phrases);
});

describe("[35] extensions", () => {
  it.each([
    "include:spam",
    "domain:example.com",
    "language:ja",
    "sentiment:positive",
    "nsfw:true",
    "LANGUAGE:EN",
  ])("%s says nothing", (extension) => {
    expect(asksForText(extension)).toBe(false);
    expect(phrasesOf(`a ${extension} b`)).toEqual(["a", "b"]);
  });

  it.each([
    "https://example.com",
    "nostr:npub1abc",
    "12:30",
    "re:zero",
    "TODO:fix",
    "x-y_z2:1",
    "include:",
    "xlanguage:en",
    "注意:重要",
    "note:",
    ":x",
    "a.b:80",
    "!!!",
  ])("%s is text", (word) => expect(asksForText(word)).toBe(true));

  it.each(["", " \n\u3000", "include:spam  language:en"])("%j asks for no text", (search) => {
    expect(asksForText(search)).toBe(false);
  });
});

describe("[35] the searchable text", () => {
  it.each([...PRIVATE_KINDS, 13, 14, 1060, 24_133, 3, 6, 7, 16])("of kind %i is empty", (kind) => {
    expect(searchableText(note("words", { kind, tags: [["title", "words"]] }))).toBe("");
  });

  it("of a profile is what people read of it", () => {
    const profile = {
      name: "fiat",
      about: "Buy hammers",
      picture: "https://x.test/p.png",
      nip05: "_@fiat.test",
      lud16: 5,
    };
    expect(searchableText(note(JSON.stringify(profile), { kind: 0 }))).toBe("fiat buy hammers fiat test");
    for (const content of ["no json", '"a string"', "null"]) {
      expect(searchableText(note(content, { kind: 0 }))).toBe(phrasesOf(content).join(" "));
    }
  });

  it("has titles and summaries, and no other tags", () => {
    const tags = [["title", "On relays"], ["summary", "短い"], ["t", "hidden"], ["subject"], ["d", "hidden"]];
    expect(searchableText(note("body", { kind: 30_023, tags }))).toBe("on relays 短 い body");
  });

  it("has no ciphertext, whatever the kind", () => {
    const base64 = "QUJD".repeat(50);
    for (const content of [base64, `${base64}==`, `${base64}?iv=QUJDRA==`]) {
      expect(searchableText(note(content, { kind: 30_000 }))).toBe("");
    }
    expect(searchableText(note(`see ${base64}`, { kind: 30_000 }))).toBe(
      `see ${base64.slice(0, 64).toLowerCase()}`,
    );
  });

  it("is no longer than the database takes", () => {
    for (const content of ["ﷺ", "東", "a ", "😀", "𠮷"].map((character) => character.repeat(150_001))) {
      const text = searchableText(note(content));
      expect(text.length).toBe(content.startsWith("a") ? 99_999 : 100_000);
      expect(text.isWellFormed()).toBe(true);
    }
  });

  it("stays well-formed where a long word is cut", () => {
    expect(searchableText(note(`a${"𐐨".repeat(60)}`)).isWellFormed()).toBe(true);
  });
});

it("[35] generated searches find the texts that the reference finds", () => {
  const random = seeded(20_261_125);
  let found = 0;
  for (let n = 0; n < 4000; n += 1) {
    const event = note(aText(random, Math.floor(random() * 12)));
    const search = aSearch(random);
    if (!asksForText(search)) continue;
    const expected = isFoundBy(search, event);
    expect(searchMatcher(search)(new Candidate(event).text), JSON.stringify([search, event.content])).toBe(
      expected,
    );
    if (expected) found += 1;
  }
  expect(found).toBeGreaterThan(400);
});

it.each([
  ["東", true],
  ["a ", true],
  ["!", false],
  ["\u0301", false],
])("[35] the longest search is looked for in the longest text: %j", (character, isFound) => {
  const search = character.repeat(LONGEST_SEARCH / character.length);
  expect(finds(search, character.repeat(200_000))).toBe(isFound);
});

/** Characters of many scripts, and some that are slow to process. Each is repeated until the text is full. */
const HOSTILE = [
  "́",
  "̣",
  "ͅ",
  "̧",
  "ุ",
  "่",
  "ཱ",
  "ི",
  "ً",
  "ّ",
  "ְ",
  "ׁ",
  "ﾞ",
  "ﾟ",
  "̈́",
  "𝅥",
  "𞣐",
  "゙",
  "्",
  "ཱི",
  "‍",
  "͏",
  "️",
  "⁠",
  "ـ",
  "'",
  "’",
  " ",
  "\n",
  "-",
  "\0",
  "a",
  "é",
  "İ",
  "ß",
  "ΐ",
  "ᾂ",
  "ﷺ",
  "ﬃ",
  "東",
  "ガ",
  "ｶ",
  "각",
  "ᄀ",
  "ᅡ",
  "ᆨ",
  "ส",
  "ש",
  "م",
  "𠮷",
  "🇯",
  "👩",
  "🏽",
];

it("[35] however a text is made to be slow, the work on it is that on a text of its length", () => {
  const alphabet = fc.constantFrom(...HOSTILE);
  const repeated = fc.tuple(
    fc.array(alphabet, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(1, 2, 29, 30, 31, 1000),
  );
  const normalize = vi.spyOn(String.prototype, "normalize");
  fc.assert(
    fc.property(fc.array(repeated, { minLength: 1, maxLength: 3 }), (pieces) => {
      const piece = pieces
        .map(([characters, times]) => characters.map((one) => one.repeat(times)).join(""))
        .join("");
      normalize.mockClear();
      const text = searchableText(note(piece.repeat(Math.ceil(120_000 / piece.length))));
      const given = normalize.mock.contexts.map(String);
      expect(given.length).toBe(2);
      for (const normalized of given) {
        expect(normalized.length).toBeLessThanOrEqual(200_000);
        // Normalising sorts each run of marks, in time that grows with the square of its length.
        expect(/[\p{M}\uff9e\uff9f]{31}/u.test(normalized)).toBe(false);
      }
      expect(text.length).toBeLessThanOrEqual(100_000);
      expect(text.isWellFormed()).toBe(true);
    }),
    { numRuns: 60 },
  );
  normalize.mockRestore();
});

it("[35] no mark of a text as people write it is lost", () => {
  expect(searchableText(note("กี่ z\u0f71\u0f72\u0f80 ﾃﾞｰﾀ"))).toBe("กี่ z\u0f71\u0f72\u0f80 デ ー タ");
  const thirty = "\u0e38\u0e48".repeat(15);
  expect(searchableText(note(`a${thirty}\u0e38b`))).toBe(searchableText(note(`a${thirty}b`)));
});
