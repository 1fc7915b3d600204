/**
 * Sends ended spans to a collector, in batches. While it is away they wait, the oldest are dropped, and it is tried again after longer
 * and longer pauses.
 */
import { SpanBuffer } from "./span-buffer.ts";

export interface SpanSenderDeps {
  /** Sends spans, each as JSON. Resolves with the status of the answer, or rejects if there is none. */
  post(spans: string[]): Promise<number>;
  /** Called with the number of spans that never reach the collector. */
  dropped(spans: number): void;
  /** Logs why spans do not arrive. */
  report(error: unknown): void;
  /** Milliseconds. */
  now(): number;
}

/** Maximum number of spans that wait, and of one request: about 200 KB. */
export const MOST_SPANS = 2000;
export const MOST_OF_REQUEST = 500;
/** The pause after a failure, in milliseconds. It doubles with each one. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

export class SpanSender {
  private readonly deps: SpanSenderDeps;
  private readonly spans: SpanBuffer;
  /** Number of failures in a row. */
  private failures = 0;
  private retryAt = -Infinity;

  constructor(deps: SpanSenderDeps) {
    this.deps = deps;
    this.spans = new SpanBuffer(MOST_SPANS, deps.dropped);
  }

  get size(): number {
    return this.spans.size;
  }

  add(span: string): void {
    this.spans.add(span);
  }

  /** Sends what waits, unless the collector was away a moment ago. Never rejects. */
  async flush(): Promise<void> {
    if (this.deps.now() < this.retryAt) return;
    // What comes meanwhile is for the next flush.
    const taken = this.spans.take();
    for (let at = 0; at < taken.length; at += MOST_OF_REQUEST) {
      const batch = taken.slice(at, at + MOST_OF_REQUEST);
      const problem = await this.send(batch);
      if (problem === undefined) continue;
      this.failed(problem, taken.slice(at));
      return;
    }
  }

  /** Returns why the spans did not arrive and are to be sent again. */
  private async send(batch: string[]): Promise<unknown> {
    try {
      const status = await this.deps.post(batch);
      if (mayComeAgain(status)) return new Error(`the trace collector answered ${status}`);
      if (status >= 400) this.refused(status, batch.length);
      this.failures = 0;
      return undefined;
    } catch (error) {
      return error;
    }
  }

  private failed(problem: unknown, unsent: string[]): void {
    // Once, and not with every attempt.
    if (this.failures === 0) this.deps.report(problem);
    this.retryAt = this.deps.now() + Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 20);
    this.spans.giveBack(unsent);
  }

  private refused(status: number, spans: number): void {
    this.deps.report(new Error(`the trace collector refused ${spans} spans with ${status}`));
    this.deps.dropped(spans);
  }
}

/** Returns whether the same request may succeed later: an overloaded collector, or a proxy before one that is away. */
function mayComeAgain(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}
