/** Search by words (NIP-50), as simple as possible, for the texts of `aText` and without code of the relay. */
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
  "don’t",
  "dont",
  "l'été",
  "été",
  "re:zero",
  "zero",
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
/** Words with apostrophes, which may also be written without them. */
const ELISION = /[a-z0-9éа-яё\u0621-\u064a]+(?:['’][a-z0-9éа-яё\u0621-\u064a]+)+/g;
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
  const words = search
    .split(/\s/)
    .filter((word) => word !== "" && !/^(include|domain|language|sentiment|nsfw):[a-z]/.test(word));
  if (words.length === 0) return true;
  if ([3, 4, 6, 7, 16, 1059].includes(event.kind)) return false;
  const phrases = words.map(termsOf).filter((phrase) => phrase.length > 0);
  const titles = event.tags.filter(([name]) => name === "title").map(([, value]) => value);
  const written = [...titles, event.content].join(" ");
  const parts = (written.toLowerCase().match(ELISION) ?? []).flatMap((word) => word.split(/['’]/));
  const text = [...termsOf(written), ...new Set(parts.flatMap(termsOf))];
  return phrases.length > 0 && phrases.every((phrase) => text.some((_, at) => startsWith(text, at, phrase)));
}

function startsWith(text: string[], at: number, phrase: string[]): boolean {
  return phrase.every((term, n) => text[at + n] === term);
}

function termsOf(text: string): string[] {
  const terms: string[] = [];
  let isInWord = false;
  const spelled = text.toLowerCase().replaceAll(ELISION, (word) => word.replaceAll(/['’]/g, ""));
  for (const written of spelled) {
    const character = FOLDED.get(written) ?? written;
    const last = terms.length - 1;
    if (IN_WORDS.test(character) && isInWord) terms[last] += character;
    else if (IN_WORDS.test(character) || ALONE.test(character)) terms.push(character);
    else if (THAI_MARK.test(character) && last >= 0) terms[last] += character;
    isInWord = IN_WORDS.test(character);
  }
  return terms;
}
