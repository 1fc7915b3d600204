/** What is found by words (NIP-50), said as simply as possible for the texts of `aText`, and sharing no code with the relay. */
import type { Event } from "../../nostr/event.ts";
import { pick, type Random } from "./generators.ts";

const PIECES = [
  "nostr",
  "Nostr",
  "no",
  "NO",
  "café",
  "cafe",
  "e-mail",
  "mail",
  "relay2",
  "2",
  "don't",
  "東京",
  "京都",
  "東京都",
  "日本語",
  "データ",
  "データベース",
  "の",
  "中文",
  "文",
  "한국",
  "한국어를",
  "สวัสดี",
  "ดี",
  "ครับ",
  "مرحبا",
  "привет",
  "ёлка",
  "елка",
  "🦤",
  "👍🏽",
  "👍",
];
const JOINTS = [" ", " ", "  ", "\n", "", ", ", "。", "\u3000", "!", '"', " (", "* "];
const NOISE = ["language:en", "include:spam", "NOT", "AND", "-x", '"', "!!!", "text:", "^", "*", "NEAR("];

const FOLDED = new Map([
  ["é", "e"],
  ["ё", "е"],
]);
const IN_WORDS = /^[a-z0-9а-я\u0621-\u064a]$/;
const ALONE = /^[\u0e01-\u0e30\u0e32\u0e40-\u0e45\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3🦤👍]$/u;
const THAI_MARK = /^[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]$/;

export function aText(random: Random, pieces: number): string {
  return Array.from({ length: pieces }, () => pick(random, PIECES) + pick(random, JOINTS)).join("");
}

export function aSearch(random: Random): string {
  const words = Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(random, PIECES));
  if (random() < 0.2) words.push(pick(random, NOISE));
  if (random() < 0.1) words.push(pick(random, PIECES) + pick(random, PIECES));
  return words.toSorted(() => random() - 0.5).join(pick(random, [" ", " ", "  ", "\u3000", "\n"]));
}

export function isFoundBy(search: string, event: Event): boolean {
  const words = search.split(/\s/).filter((word) => word !== "" && !/^[a-z]+:[a-z]/.test(word));
  if (words.length === 0) return true;
  if ([3, 4, 6, 7, 16, 1059].includes(event.kind)) return false;
  const phrases = words.map(termsOf).filter((phrase) => phrase.length > 0);
  const titles = event.tags.filter(([name]) => name === "title").map(([, value]) => value);
  const text = termsOf([...titles, event.content].join(" "));
  return phrases.length > 0 && phrases.every((phrase) => text.some((_, at) => startsWith(text, at, phrase)));
}

function startsWith(text: string[], at: number, phrase: string[]): boolean {
  return phrase.every((term, n) => text[at + n] === term);
}

function termsOf(text: string): string[] {
  const terms: string[] = [];
  let isInWord = false;
  for (const written of text.toLowerCase()) {
    const character = FOLDED.get(written) ?? written;
    const last = terms.length - 1;
    if (IN_WORDS.test(character) && isInWord) terms[last] += character;
    else if (IN_WORDS.test(character) || ALONE.test(character)) terms.push(character);
    else if (THAI_MARK.test(character) && last >= 0) terms[last] += character;
    isInWord = IN_WORDS.test(character);
  }
  return terms;
}
