/** How far along the log somebody is, when news may come out of order and some of it not at all. */

/** Places (prev, last] of the log: everything there has been delivered, or is known not to be wanted. */
export interface Span {
  prev: number;
  last: number;
}

export class LogPosition {
  /** Everything up to here is covered. Undefined until the first news: before that nothing was waited for. */
  at: number | undefined;
  /** Where `at` began: nothing before it was waited for, so nothing before it is ever found missing. */
  start: number;
  /** Covered beyond a gap: disjoint, not touching, ascending. */
  private ahead: Span[] = [];

  constructor(at?: number) {
    this.at = at;
    this.start = at ?? 0;
  }

  /** The furthest place that is covered, gaps or not. */
  get furthest(): number {
    return this.ahead.at(-1)?.last ?? this.at ?? 0;
  }

  isCovered(seq: number): boolean {
    return seq <= (this.at ?? 0) || this.ahead.some(({ prev, last }) => seq > prev && seq <= last);
  }

  /** True while something up to `head` is missing. */
  lags(head: number): boolean {
    return this.at !== undefined && this.at < Math.max(head, this.furthest);
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

  /** Forgets everything before, as when nothing was waited for; undefined: as in the beginning. */
  restart(at: number | undefined): void {
    this.at = at;
    this.start = at ?? 0;
    this.ahead = [];
  }
}

/** The same places in as few spans as possible, ascending. */
export function mergeSpans(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const { prev, last } of spans.toSorted((a, b) => a.prev - b.prev)) {
    const before = merged.at(-1);
    if (before && prev <= before.last) before.last = Math.max(before.last, last);
    else if (last > prev) merged.push({ prev, last });
  }
  return merged;
}
