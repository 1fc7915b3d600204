/** How far along the log somebody is, when news may come out of order and some of it not at all. */

/** Places (prev, last] of the log: everything there has been delivered, or is known not to be wanted. */
export type Span = [prev: number, last: number];

export class LogPosition {
  /** Everything up to here is covered. Undefined until the first news: before that nothing was waited for. */
  at: number | undefined;
  /** Covered beyond a gap: disjoint, not touching, ascending. */
  private ahead: Span[] = [];

  constructor(at?: number) {
    this.at = at;
  }

  /** The furthest place that is covered, gaps or not. */
  get furthest(): number {
    return this.ahead.at(-1)?.[1] ?? this.at ?? 0;
  }

  isCovered(seq: number): boolean {
    return seq <= (this.at ?? 0) || this.ahead.some(([prev, last]) => seq > prev && seq <= last);
  }

  /** True while something up to `head` is missing. */
  lags(head: number): boolean {
    return this.at !== undefined && this.at < Math.max(head, this.furthest);
  }

  cover(...given: Span[]): void {
    const spans = given.filter(([prev, last]) => last > prev);
    if (spans.length === 0) return;
    this.at ??= Math.min(...spans.map(([prev]) => prev));
    for (const [prev, last] of mergeSpans([...this.ahead.splice(0), ...spans])) {
      if (prev <= this.at) this.at = Math.max(this.at, last);
      else this.ahead.push([prev, last]);
    }
  }
}

/** The same places in as few spans as possible, ascending. */
export function mergeSpans(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const [prev, last] of spans.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1);
    if (before && prev <= before[1]) before[1] = Math.max(before[1], last);
    else if (last > prev) merged.push([prev, last]);
  }
  return merged;
}
