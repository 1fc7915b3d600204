/**
 * Full-text search (NIP-50): which parts of an event are text, how text is split into terms, and what a search matches.
 * The index, stored answers and live matching all use this file, so they cannot differ.
 */
import type { Event } from "./event.ts";
import * as kinds from "./kinds.ts";
import type { TermIndex } from "./term-index.ts";

/** Maximum length of a search, in characters. */
export const LONGEST_SEARCH = 256;

/** Maximum number of words of a search. Each is looked up on its own. A repeated word counts once. */
export const MOST_PHRASES = 10;

/** Kinds that search never finds, not even for their author and recipients. */
const KINDS_WITHOUT_TEXT: ReadonlySet<number> = new Set(
  [
    // Private: encrypted, or meant to be.
    [kinds.DIRECT_MESSAGE, kinds.SEAL, kinds.CHAT_MESSAGE, kinds.FILE_MESSAGE],
    [kinds.GROUP_WELCOME, kinds.GROUP_MESSAGE, kinds.GIFT_WRAP, kinds.RATCHET_MESSAGE],
    [kinds.PRIVATE_RELAYS, kinds.EPHEMERAL_GIFT_WRAP, kinds.DRAFT],
    // Between wallets, signers and apps.
    [...kinds.WALLET, kinds.REMOTE_SIGNING],
    // Proofs and receipts.
    [kinds.ZAP_REQUEST, kinds.ZAP_RECEIPT, kinds.AUTH, kinds.HTTP_AUTH],
    // Contact lists, reactions, and copies of other events.
    [kinds.CONTACTS, kinds.REACTION, kinds.REPOST, kinds.GENERIC_REPOST],
  ].flat(),
);

/** Kinds whose content is a JSON object. Only `TEXT_FIELDS` of it are text. */
const KINDS_OF_JSON: ReadonlySet<number> = new Set([
  kinds.PROFILE,
  kinds.CHANNEL,
  kinds.CHANNEL_METADATA,
  kinds.STALL,
  kinds.PRODUCT,
  kinds.APP,
]);
const TEXT_FIELDS = ["name", "display_name", "displayName", "about", "description", "nip05"];

/** Tags whose values are text, for every kind. */
const TEXT_TAGS: ReadonlySet<string> = new Set(["title", "subject", "name", "summary", "description"]);

/** A long run of base64, as NIP-04 and NIP-44 produce it. Unknown kinds may be encrypted too. */
const CIPHERTEXT = /^[A-Za-z0-9+/]{100,}={0,2}(\?iv=[A-Za-z0-9+/=]+)?$/;

/**
 * Accents and vowel points, which people omit; joiners, direction marks and variation selectors, which are invisible.
 */
const UNSPOKEN =
  /[\u{300}-\u{36f}\u{20d0}-\u{20ff}\u{640}\p{Variation_Selector}[\p{M}&&[\p{scx=Arabic}\p{scx=Hebrew}]][\p{Cf}--\u{200b}]]/gv;

/** Scripts without spaces between words, and Hangul, which appends endings to words. */
const UNSPACED =
  "Han Hiragana Katakana Bopomofo Hangul Yi Thai Lao Khmer Myanmar Javanese Balinese Tai_Le New_Tai_Lue Tai_Tham"
    .split(" ")
    .map((script) => `\\p{scx=${script}}`)
    .join("");
/** Apostrophes inside a word, which people also omit: don't, l’eau, Hawaiʻi. Unicode treats the last two as letters. */
const APOSTROPHES = "'\\u{2018}\\u{2019}\\u{5f3}\\u{2bb}\\u{2bc}";
const APOSTROPHE = new RegExp(`[${APOSTROPHES}]`, "v");
const LETTER = `[[\\p{L}\\p{N}]--[${APOSTROPHES}]]`;
const SINGLE = `[${LETTER}&&[${UNSPACED}]]\\p{M}*`;
const PICTURE = "[\\p{Extended_Pictographic}\\p{Regional_Indicator}]";
const LETTERS = `(?:[${LETTER}--[${UNSPACED}]]\\p{M}*)+`;
const WORD = `${LETTERS}(?:[${APOSTROPHES}]${LETTERS})*`;

/** Created with the first text: that takes about 5 ms, and many isolates split none. */
let term: RegExp | undefined;
const termPattern = (): RegExp => (term ??= new RegExp(`${SINGLE}|${PICTURE}|${WORD}`, "gv"));

/** Longer terms are cut: keys, hashes, files. In characters. */
const LONGEST_TERM = 64;

/**
 * Text after this many characters is not searched. Normalising can make a text 18 times longer (ﷺ), and D1 limits a
 * value.
 */
export const LONGEST_TEXT = 100_000;

/**
 * A run of combining marks. It is cut to 30, as in Unicode's stream-safe format (UAX #15): normalising sorts a run, in
 * time that grows with the square of its length. The two halfwidth letters become marks.
 */
const RUN = /([\p{M}\u{ff9e}\u{ff9f}]{1,30})[\p{M}\u{ff9e}\u{ff9f}]*/gv;

/** The extensions that NIP-50 lists. Any other word with a colon is text: re:zero, 12:30, https://example.com. */
const EXTENSION = /^(?:include|domain|language|sentiment|nsfw):[\p{L}\p{N}]/iu;

/** Cache: an event is stored and matched by many subscriptions, but split into terms only once. */
const texts = new WeakMap<Event, string>();

/** Returns the terms of an event in order, separated by spaces; empty if search never finds the event. */
export function searchableText(event: Event): string {
  const text = texts.get(event) ?? textOf(event);
  texts.set(event, text);
  return text;
}

/** Returns the terms of the first characters of an event's text. */
export function beginningOf(event: Event, characters: number): string {
  const { words, parts } = terms(sourceOf(event).join("\n").slice(0, characters));
  return joined([...words, ...parts]);
}

/** Returns how many characters of an event are split into terms. */
export function textLength(event: Event): number {
  return sourceOf(event).reduce((sum, text) => Math.min(sum + text.length, LONGEST_TEXT), 0);
}

function textOf(event: Event): string {
  const { words, parts } = terms(sourceOf(event).join("\n"));
  return joined([...words, ...parts]);
}

/** Returns the parts of an event that people read. */
function sourceOf({ kind, content, tags }: Event): string[] {
  if (KINDS_WITHOUT_TEXT.has(kind)) return [];
  const body = KINDS_OF_JSON.has(kind) ? textOfJson(content) : content;
  const titles = tags.map(([name = "", value = ""]) => (TEXT_TAGS.has(name) ? value : ""));
  return [...titles, CIPHERTEXT.test(body) ? "" : body];
}

/** Returns whether a search has words. If it is empty or has only extensions, it matches every event. */
export function asksForText(search: string): boolean {
  return wordsOf(search).length > 0;
}

/**
 * Returns the phrases that an event's searchable text must all contain as whole terms. A word of the search is a phrase
 * of several terms if its script has no spaces: 日本 is 日 and then 本. The list is empty if the words have no letter,
 * digit or picture. Such a search matches nothing.
 */
export function phrasesOf(search: string): string[] {
  const phrases = wordsOf(search).map((word) => joined(terms(word).words));
  return [...new Set(phrases)].filter((phrase) => phrase !== "");
}

/** Returns a test for the texts of events. */
export function searchMatcher(search: string): (text: TermIndex) => boolean {
  const phrases = phrasesOf(search).map((phrase) => phrase.split(" "));
  return (text) => phrases.length > 0 && phrases.every((phrase) => text.has(phrase));
}

function wordsOf(search: string): string[] {
  return search.split(/\s+/).filter((word) => word !== "" && !EXTENSION.test(word));
}

interface Terms {
  /** In order. A word with apostrophes is one term without them. */
  words: string[];
  /** The parts between apostrophes, each once, so that a search for "eau" finds "l'eau". */
  parts: Set<string>;
}

/** Splits a text into terms. Ignores case, accents and width: ＣＡＦÉ is cafe, Straße is strasse, ｶﾞ is ガ. */
function terms(text: string): Terms {
  // Cut before and after: one ligature can become 18 characters.
  const cut = text.slice(0, LONGEST_TEXT).replace(RUN, "$1");
  const decomposed = cut.normalize("NFKD").slice(0, LONGEST_TEXT);
  // Removing a character between two runs may have joined them into a long one.
  const plain = decomposed.replace(UNSPOKEN, "").replace(RUN, "$1");
  const folded = plain.toUpperCase().toLowerCase().replaceAll("ς", "σ").normalize("NFC");
  const words: string[] = [];
  const parts = new Set<string>();
  for (const found of folded.match(termPattern()) ?? []) {
    const between = APOSTROPHE.test(found) ? found.split(APOSTROPHE) : [];
    words.push((between.length > 0 ? between.join("") : found).slice(0, LONGEST_TERM));
    for (const part of between) parts.add(part.slice(0, LONGEST_TERM));
  }
  return { words, parts };
}

function joined(terms: string[]): string {
  return terms.join(" ").slice(0, LONGEST_TEXT).toWellFormed();
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
