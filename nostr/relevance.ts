/** The rank of a text in a search (NIP-50). */

/** Number of terms in a text of average length. */
const AVERAGE_TERMS = 30;
/** The usual parameters of BM25: how fast repeated occurrences stop counting, and how much long texts count less. */
const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;

/**
 * Returns a score that is higher if the phrases occur more often and the text is shorter. This is BM25 without the rarity
 * of words, which would need all texts. `text` comes from `searchableText`, `phrases` from `phrasesOf`.
 */
export function relevanceOf(text: string, phrases: string[]): number {
  const terms = countOf(` ${text}`, " ");
  const length = 1 - LENGTH_SHARE + (LENGTH_SHARE * terms) / AVERAGE_TERMS;
  const padded = ` ${text} `;
  return phrases.reduce((sum, phrase) => {
    const occurrences = countOf(padded, ` ${phrase} `);
    return sum + (occurrences * (SATURATION + 1)) / (occurrences + SATURATION * length);
  }, 0);
}

/** Counts occurrences of `part`. Two of them may share one character: the space between two words. */
function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + Math.max(1, part.length - 1)))
    count += 1;
  return count;
}
