/** Text of invented words. How often a word occurs follows Zipf's law, as in languages. */
import { below, pick, type Random, seeded, zipf } from "./random.ts";

const SYLLABLES =
  "ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu ra re ri ro ru".split(" ");
const drawWord = zipf(5000, 2);

/** The most frequent word is first. No word is part of another word. */
export const WORDS = madeWords(5000);

export const HASHTAGS = Array.from({ length: 500 }, (_, n) => `topic${n}`);
const drawHashtag = zipf(HASHTAGS.length, 1);

/** Returns text of so many words. */
export function textOf(random: Random, words: number): string {
  return Array.from({ length: words }, () => WORDS[drawWord(random)]).join(" ");
}

export function hashtag(random: Random): string {
  return HASHTAGS[drawHashtag(random)] ?? "";
}

/** All words begin with s and end with n, which no syllable has. So no word is part of another. */
function madeWords(count: number): string[] {
  const random = seeded(7);
  const words = new Set<string>();
  while (words.size < count) {
    const length = 2 + below(random, 3);
    words.add(`s${Array.from({ length }, () => pick(random, SYLLABLES)).join("")}n`);
  }
  return [...words];
}
