/** Chooses the fewest relays from which the events of all authors can be had, most of them from two. */

/** Each author is asked for at so many relays, because one of them may fail. */
export const REDUNDANCY = 2;

/** The relays on which each author writes. */
export type WriteRelays = ReadonlyMap<string, readonly string[]>;

export interface ChoiceRules {
  /** Maximum number of relays. */
  most: number;
  /** Maximum number of authors of one relay. */
  mostAuthors: number;
  /** Relays that are in use. Of equal ones they come first, so that little changes from one choice to the next. */
  current: ReadonlySet<string>;
  /** Relays that are not chosen. */
  excluded: ReadonlySet<string>;
  /** Those of them that are pulled as a whole: their authors need one relay less. */
  whole: ReadonlySet<string>;
}

export interface Choice {
  /** The authors of each chosen relay. */
  chosen: Map<string, string[]>;
  /** On how many relays each author is asked for. */
  placed: ReadonlyMap<string, number>;
}

/**
 * Chooses relay after relay. The relay that adds the most is next. An author who is on none yet counts three
 * times as much as one who is on one: so all are on one before any is on two, as far as it goes.
 */
export function chooseRelays(writeRelays: WriteRelays, rules: ChoiceRules): Choice {
  const candidates = candidatesIn(writeRelays, rules);
  const placed = placedByOthers(writeRelays, rules);
  const chosen = new Map<string, string[]>();
  while (chosen.size < rules.most) {
    const best = takeBest(candidates, placed, rules.current);
    if (!best) break;
    const authors = needing(best.authors, placed, writeRelays).slice(0, rules.mostAuthors);
    chosen.set(best.url, authors);
    for (const author of authors) placed.set(author, (placed.get(author) ?? 0) + 1);
  }
  return { chosen, placed };
}

function placedByOthers(writeRelays: WriteRelays, { whole }: ChoiceRules): Map<string, number> {
  return new Map(
    [...writeRelays].map(([author, urls]) => [author, new Set(urls.filter((url) => whole.has(url))).size]),
  );
}

interface Candidate {
  url: string;
  authors: string[];
  /** What it adds, or what it added when that was last computed. It never increases. */
  gain: number;
}

function candidatesIn(writeRelays: WriteRelays, { excluded }: ChoiceRules): Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const [author, urls] of writeRelays) {
    for (const url of new Set(urls)) {
      if (excluded.has(url)) continue;
      const candidate = candidates.get(url) ?? { url, authors: [], gain: Infinity };
      candidate.authors.push(author);
      candidates.set(url, candidate);
    }
  }
  return [...candidates.values()];
}

/** Takes the candidate out that adds the most; undefined if none adds anything. */
function takeBest(
  candidates: Candidate[],
  placed: ReadonlyMap<string, number>,
  current: ReadonlySet<string>,
): Candidate | undefined {
  candidates.sort((a, b) => b.gain - a.gain);
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (best && candidate.gain < best.gain) break;
    candidate.gain = candidate.authors.reduce((sum, author) => sum + gainOf(placed.get(author) ?? 0), 0);
    if (!best || isBetter(candidate, best, current)) best = candidate;
  }
  if (!best || best.gain === 0) return undefined;
  candidates.splice(candidates.indexOf(best), 1);
  return best;
}

function isBetter(one: Candidate, other: Candidate, current: ReadonlySet<string>): boolean {
  if (one.gain !== other.gain) return one.gain > other.gain;
  const [isUsed, isOtherUsed] = [current.has(one.url), current.has(other.url)];
  return isUsed === isOtherUsed ? one.url < other.url : isUsed;
}

/** What one more relay is worth to an author who is on so many. */
export function gainOf(placed: number): number {
  if (placed >= REDUNDANCY) return 0;
  return placed === 0 ? 3 : 1;
}

/** Returns the authors that need one more relay: those on none first, and of them those with the fewest to choose from. */
function needing(
  authors: readonly string[],
  placed: ReadonlyMap<string, number>,
  writeRelays: WriteRelays,
): string[] {
  const countOf = (author: string) => placed.get(author) ?? 0;
  const choiceOf = (author: string) => writeRelays.get(author)?.length ?? 0;
  return authors
    .filter((author) => countOf(author) < REDUNDANCY)
    .sort((a, b) => countOf(a) - countOf(b) || choiceOf(a) - choiceOf(b));
}
