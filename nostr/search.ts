/**
 * Full-text search (NIP-50): what of an event is text, how text is cut into terms, and what a search asks for. The
 * index, the stored answer and live matching all go by this, so that they cannot differ.
 */
import type { Event } from "./event.ts";

/** Most characters of a search. */
export const LONGEST_SEARCH = 256;

/** Nobody finds these by words, not even those involved. */
const KINDS_WITHOUT_TEXT: ReadonlySet<number> = new Set(
  [
    // Private: encrypted, or meant to be.
    [4, 13, 14, 15, 444, 445, 1059, 1060, 10_013, 21_059, 31_234],
    // Between wallets, signers and apps.
    [13_194, 23_194, 23_195, 23_196, 23_197, 24_133],
    // Proofs and receipts.
    [9734, 9735, 22_242, 27_235],
    // Contact lists, reactions, and copies of other events.
    [3, 7, 6, 16],
  ].flat(),
);

/** Their content is a JSON object, and these fields of it are text. */
const KINDS_OF_JSON: ReadonlySet<number> = new Set([0, 40, 41, 30_017, 30_018, 31_990]);
const TEXT_FIELDS = ["name", "display_name", "displayName", "about", "description", "nip05"];

/** Whatever the kind is. */
const TEXT_TAGS: ReadonlySet<string> = new Set(["title", "subject", "name", "summary", "description"]);

/** One long run of base64, as NIP-04 and NIP-44 encrypt: kinds that no list can name have it too. */
const CIPHERTEXT = /^[A-Za-z0-9+/]{100,}={0,2}(\?iv=[A-Za-z0-9+/=]+)?$/;

/** Accents and vowel points, which people leave out; joiners, directions and variants, which they do not see. */
const UNSPOKEN =
  /[\u{300}-\u{36f}\u{20d0}-\u{20ff}\u{640}\p{Variation_Selector}[\p{M}&&[\p{scx=Arabic}\p{scx=Hebrew}]][\p{Cf}--\u{200b}]]/gv;

/** Scripts that put no space between words, and Hangul, which glues endings to them. */
const UNSPACED =
  "Han Hiragana Katakana Bopomofo Hangul Yi Thai Lao Khmer Myanmar Javanese Balinese Tai_Le New_Tai_Lue Tai_Tham"
    .split(" ")
    .map((script) => `\\p{scx=${script}}`)
    .join("");
const LETTER = "[\\p{L}\\p{N}]";
const SINGLE = `[${LETTER}&&[${UNSPACED}]]\\p{M}*`;
const PICTURE = "[\\p{Extended_Pictographic}\\p{Regional_Indicator}]";
const WORD = `(?:[${LETTER}--[${UNSPACED}]]\\p{M}*)+`;
const TERM = new RegExp(`${SINGLE}|${PICTURE}|${WORD}`, "gv");

/** What is longer is cut: keys, hashes, files. */
const LONGEST_TERM = 64;

/** What lies behind is not searched: a text must not grow beyond what the database takes, as ﷺ does eighteenfold. */
const LONGEST_TEXT = 100_000;

/** `language:en`: a word, a colon, a word. Addresses (https://…, nostr:npub1…) are text. */
const EXTENSION = /^(?!nostr:)[a-z][\w-]*:[\p{L}\p{N}]/iu;

/** An event is stored, and looked at by many subscriptions, but cut into terms once. */
const texts = new WeakMap<Event, string>();

/** Its terms in their order, with a space between them; empty for what is not found by words. */
export function searchableText(event: Event): string {
  const text = texts.get(event) ?? textOf(event);
  texts.set(event, text);
  return text;
}

function textOf(event: Event): string {
  if (KINDS_WITHOUT_TEXT.has(event.kind)) return "";
  const { content } = event;
  const body = KINDS_OF_JSON.has(event.kind) ? textOfJson(content) : content;
  const titles = event.tags.map(([name = "", value = ""]) => (TEXT_TAGS.has(name) ? value : ""));
  return terms([...titles, CIPHERTEXT.test(body) ? "" : body].join("\n"));
}

/** False for an empty search and for one of nothing but extensions: they exclude no event. */
export function asksForText(search: string): boolean {
  return wordsOf(search).length > 0;
}

/**
 * Each of them must be in an event's searchable text, between spaces or ends. A word of the search is a phrase when
 * it has several terms: 日本 is 日 and then 本. None when the search has words, but no letter, digit or picture:
 * it fits nothing.
 */
export function phrasesOf(search: string): string[] {
  return wordsOf(search)
    .map(terms)
    .filter((phrase) => phrase !== "");
}

/** A test of one event, prepared once. */
export function searchMatcher(search: string): (event: Event) => boolean {
  const phrases = phrasesOf(search).map((phrase) => ` ${phrase} `);
  return (event) => {
    const text = ` ${searchableText(event)} `;
    return phrases.length > 0 && phrases.every((phrase) => text.includes(phrase));
  };
}

function wordsOf(search: string): string[] {
  return search.split(/\s+/).filter((word) => word !== "" && !EXTENSION.test(word));
}

/** Case, accents and width do not matter: ＣＡＦÉ is cafe, Straße is strasse, ｶﾞ is ガ. */
function terms(text: string): string {
  // Cut twice: one ligature can become 18 characters.
  const decomposed = text.slice(0, LONGEST_TEXT).normalize("NFKD").slice(0, LONGEST_TEXT);
  const plain = decomposed.replace(UNSPOKEN, "");
  const folded = plain.toUpperCase().toLowerCase().replaceAll("ς", "σ").normalize("NFC");
  const found = (folded.match(TERM) ?? []).map((term) => term.slice(0, LONGEST_TERM));
  return found.join(" ").slice(0, LONGEST_TEXT).toWellFormed();
}

function textOfJson(content: string): string {
  let fields: unknown;
  try {
    fields = JSON.parse(content);
  } catch {
    return content;
  }
  if (typeof fields !== "object" || fields === null) return content;
  const values = new Map(Object.entries(fields));
  return TEXT_FIELDS.map((field): unknown => values.get(field))
    .filter((value) => typeof value === "string")
    .join("\n");
}
