/** Ended spans on their way to the collector, as JSON: a bounded number. The oldest make room. */
export class SpanBuffer {
  private readonly most: number;
  private readonly dropped: (spans: number) => void;
  private spans: string[] = [];

  /** `dropped` is told how many spans never reach the collector. */
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

  /** Everything so far. */
  take(): string[] {
    const taken = this.spans;
    this.spans = [];
    return taken;
  }

  /** What was taken and did not arrive: older than what has gathered since. */
  giveBack(taken: string[]): void {
    const room = this.most - this.spans.length;
    const kept = room > 0 ? taken.slice(-room) : [];
    if (kept.length < taken.length) this.dropped(taken.length - kept.length);
    this.spans = [...kept, ...this.spans];
  }
}
