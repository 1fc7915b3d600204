/** Tracks which part of the log is covered, although publications may arrive out of order or not at all. */

/** The log positions after `prev` up to `last`: all events there were delivered, or are known to be unwanted. */
export interface Span {
  prev: number;
  last: number;
}

export class LogPosition {
  /** Everything up to this position is covered. Undefined before the first span: until then nothing is expected. */
  at: number | undefined;
  /** Where `at` started. Nothing before it is expected, so nothing before it counts as missing. */
  start: number;
  /** Covered spans beyond a gap: disjoint, not adjacent, ascending. */
  private ahead: Span[] = [];

  constructor(at?: number) {
    this.at = at;
    this.start = at ?? 0;
  }

  /** The last covered position, even beyond gaps. */
  get coveredTo(): number {
    return this.ahead.at(-1)?.last ?? this.at ?? 0;
  }

  /** Whether nothing is missing before the last covered position. */
  get isWhole(): boolean {
    return this.at !== undefined && this.ahead.length === 0;
  }

  isCovered(seq: number): boolean {
    return seq <= (this.at ?? 0) || this.ahead.some(({ prev, last }) => seq > prev && seq <= last);
  }

  /** Returns whether something up to `head` is missing. */
  lags(head: number): boolean {
    return this.at !== undefined && this.at < Math.max(head, this.coveredTo);
  }

  cover(...given: Span[]): void {
    const spans = given.filter(({ prev, last }) => last > prev);
    if (spans.length === 0) return;
    if (this.at === undefined) this.restart(Math.min(...spans.map(({ prev }) => prev)));
    let at = this.at ?? 0;
    for (const span of mergeSpans([...this.ahead.splice(0), ...spans])) {
      if (span.prev <= at) at = Math.max(at, span.last);
      else this.ahead.push(span);
    }
    this.at = at;
  }

  /** Forgets everything before `at`, as if nothing there were expected. Undefined: back to the initial state. */
  restart(at: number | undefined): void {
    this.at = at;
    this.start = at ?? 0;
    this.ahead = [];
  }
}

/** Merges spans into as few as possible, ascending. */
export function mergeSpans(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const { prev, last } of spans.toSorted((a, b) => a.prev - b.prev)) {
    const before = merged.at(-1);
    if (before && prev <= before.last) before.last = Math.max(before.last, last);
    else if (last > prev) merged.push({ prev, last });
  }
  return merged;
}
