/**
 * Which spans are sent (tail sampling). A local trace is the part of a trace that one Worker or object records: a root and what runs
 * inside it. Spans of a sampled trace are sent as they end. Those of any other wait until the root ends, and are sent if
 * something has failed or if the root was slow.
 */
import { type EndedSpan, hasFailed } from "./ended-span.ts";

export interface TailDeps {
  send(span: EndedSpan): void;
  /** Called with the number of spans of a trace that is sent, but for which there was no room while they waited. */
  dropped(spans: number): void;
  /** Returns whether a root of this name and duration (milliseconds) was slow. */
  isSlow(name: string, duration: number): boolean;
  /** Returns an id for a new trace, 32 hexadecimal digits. */
  newTraceId(): string;
}

/** Maximum number of spans that wait: of all traces, and of one. The first spans of a trace say the most. */
export const MOST_WAITING = 2000;
export const MOST_OF_TRACE = 200;

export class TailSampler {
  readonly deps: TailDeps;
  /** Number of spans that wait. */
  waiting = 0;

  constructor(deps: TailDeps) {
    this.deps = deps;
  }

  /** `traceId` is the trace that it is a part of. Without one it is a new trace. */
  begin(isSampled: boolean, traceId?: string): LocalTrace {
    return new LocalTrace(this, isSampled, traceId);
  }
}

export class LocalTrace {
  readonly isSampled: boolean;
  private readonly sampler: TailSampler;
  /** Undefined: the root has not ended. */
  private isSent: boolean | undefined;
  private hasFailed = false;
  /** Most local traces have one span, which does not wait. */
  private spans: EndedSpan[] | undefined;
  private lost = 0;
  private knownId: string | undefined;

  constructor(sampler: TailSampler, isSampled: boolean, traceId: string | undefined) {
    this.sampler = sampler;
    this.isSampled = isSampled;
    this.knownId = traceId;
    if (isSampled) this.isSent = true;
  }

  /** It is made when it is asked for: most traces are never sent. */
  get traceId(): string {
    return (this.knownId ??= this.sampler.deps.newTraceId());
  }

  /** Takes a span that has ended. What ends after the root shares its fate. */
  end(span: EndedSpan, isRoot: boolean): void {
    const { deps } = this.sampler;
    if (this.isSent !== undefined) {
      if (this.isSent) deps.send(span);
      return;
    }
    this.hasFailed ||= hasFailed(span);
    if (isRoot) this.decide(span);
    else this.wait(span);
  }

  private wait(span: EndedSpan): void {
    const spans = (this.spans ??= []);
    if (spans.length < MOST_OF_TRACE && this.sampler.waiting < MOST_WAITING) {
      this.sampler.waiting += 1;
      spans.push(span);
    } else this.lost += 1;
  }

  private decide(root: EndedSpan): void {
    const { deps } = this.sampler;
    const waited = this.spans ?? [];
    this.spans = undefined;
    this.sampler.waiting -= waited.length;
    this.isSent = this.hasFailed || deps.isSlow(root.name, root.duration);
    if (!this.isSent) return;
    for (const span of [...waited, root]) deps.send(span);
    if (this.lost > 0) deps.dropped(this.lost);
  }
}
