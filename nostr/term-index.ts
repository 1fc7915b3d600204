/** An index of the terms of one text by position. It finds a phrase without scanning the text. */
export class TermIndex {
  /**
   * The work so far: terms that were looked up, and positions that were compared. A comparison takes a tenth of the
   * time.
   */
  lookUps = 0;
  comparisons = 0;
  /** Number of terms in the text. */
  readonly length: number;
  /** The number of each distinct term. */
  private readonly numbers = new Map<string, number>();
  /** For each position: the number of its term. */
  private readonly terms: Int32Array;
  /** For each position: the previous position with the same term, or -1. */
  private readonly earlier: Int32Array;
  /** For each number: the last position of its term, and how often the term occurs. */
  private readonly latest: Int32Array;
  private readonly counts: Int32Array;

  /** `text` is a list of terms, separated by one space. */
  constructor(text: string) {
    const terms = text === "" ? [] : text.split(" ");
    this.length = terms.length;
    this.terms = new Int32Array(terms.length);
    this.earlier = new Int32Array(terms.length);
    this.latest = new Int32Array(terms.length).fill(-1);
    this.counts = new Int32Array(terms.length);
    for (const [at, term] of terms.entries()) {
      const number = this.numbers.get(term) ?? this.numbers.size;
      this.numbers.set(term, number);
      this.terms[at] = number;
      this.earlier[at] = this.latest[number] ?? -1;
      this.latest[number] = at;
      this.counts[number] = (this.counts[number] ?? 0) + 1;
    }
  }

  /** Returns whether the text contains these terms in a row. Takes at most a few steps per term of the text. */
  has(phrase: readonly string[]): boolean {
    this.lookUps += phrase.length;
    const wanted: number[] = [];
    for (const term of phrase) {
      const number = this.numbers.get(term);
      if (number === undefined) return false;
      wanted.push(number);
    }
    if (wanted.length < 2) return true;
    const rarest = indexOfLeast(wanted.map((number) => this.counts[number] ?? 0));
    const places = this.counts[wanted[rarest] ?? 0] ?? 0;
    return places * wanted.length < this.length ? this.isAround(wanted, rarest) : this.isAnywhere(wanted);
  }

  /** Tests the positions around each occurrence of one of the terms. */
  private isAround(wanted: number[], rarest: number): boolean {
    for (let at = this.latest[wanted[rarest] ?? 0] ?? -1; at >= 0; at = this.earlier[at] ?? -1) {
      let fitting = 0;
      while (fitting < wanted.length && this.terms[at - rarest + fitting] === wanted[fitting]) fitting += 1;
      this.comparisons += fitting + 1;
      if (fitting === wanted.length) return true;
    }
    return false;
  }

  /** Scans the text once, without going back (Knuth, Morris and Pratt). */
  private isAnywhere(wanted: number[]): boolean {
    const shorter = borders(wanted);
    let fitting = 0;
    for (const [at, term] of this.terms.entries()) {
      while (fitting > 0 && wanted[fitting] !== term) fitting = shorter[fitting - 1] ?? 0;
      if (wanted[fitting] === term) fitting += 1;
      if (fitting === wanted.length) {
        this.comparisons += at;
        return true;
      }
    }
    this.comparisons += this.length;
    return false;
  }
}

/** Returns the failure table of Knuth, Morris and Pratt: for each prefix, the length of its longest proper border. */
function borders(phrase: number[]): number[] {
  const lengths = [0];
  for (let at = 1, length = 0; at < phrase.length; at += 1) {
    while (length > 0 && phrase[length] !== phrase[at]) length = lengths[length - 1] ?? 0;
    if (phrase[length] === phrase[at]) length += 1;
    lengths.push(length);
  }
  return lengths;
}

function indexOfLeast(numbers: number[]): number {
  return numbers.indexOf(Math.min(...numbers));
}
