/** Ended spans that wait to be sent, as JSON. Their number is bounded; the oldest are dropped. */
export class SpanBuffer {
  private readonly most: number;
  private readonly dropped: (spans: number) => void;
  private spans: string[] = [];

  /** `dropped` is called with the number of dropped spans. */
  constructor(most: number, dropped: (spans: number) => void) {
    this.most = most;
    this.dropped = dropped;
  }

  get size(): number {
    return this.spans.length;
  }

  add(span: string): void {
    this.spans.push(span);
    if (this.spans.length <= this.most) return;
    this.spans.shift();
    this.dropped(1);
  }

  /** Returns all spans and empties the buffer. */
  take(): string[] {
    const taken = this.spans;
    this.spans = [];
    return taken;
  }

  /** Puts back spans that could not be sent, before newer ones. */
  giveBack(taken: string[]): void {
    const room = this.most - this.spans.length;
    const kept = room > 0 ? taken.slice(-room) : [];
    if (kept.length < taken.length) this.dropped(taken.length - kept.length);
    this.spans = [...kept, ...this.spans];
  }
}
