/** Records spans, and knows which one is active. */
import { AsyncLocalStorage } from "node:async_hooks";
import { around } from "../telemetry/around.ts";
import type { LocalTrace, TailSampler } from "../telemetry/local-trace.ts";
import { parseTraceparent, spanIdIn } from "../telemetry/traceparent.ts";
import { type Moment, NO_SPAN, type Span, type SpanOptions } from "../telemetry/tracing.ts";
import { type Live, RecordedSpan } from "./recorded-span.ts";

/** The active span, of any recorder. It follows work through everything that the work waits for. Undefined: there is none. */
const active = new AsyncLocalStorage<Live | undefined>();

/** Returns the id of the active trace, of any recorder. */
export function idOfActiveTrace(): string | undefined {
  return active.getStore()?.local.traceId;
}

export class SpanRecorder {
  private readonly sampler: TailSampler;
  private readonly sampleRate: number;
  /** Spans whose id somebody knows, until they end. By id. */
  private readonly live = new Map<string, Live>();

  constructor(sampler: TailSampler, sampleRate: number) {
    this.sampler = sampler;
    this.sampleRate = sampleRate;
  }

  span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
    const { parent } = options;
    const outer = parent === undefined ? active.getStore() : this.live.get(spanIdIn(parent));
    const remote = outer || parent === undefined ? undefined : parseTraceparent(parent);
    if (!outer && !remote && options.isPart) return work(NO_SPAN);
    const local =
      outer?.local ?? this.begin(remote?.traceId, options.isOfClient ? undefined : remote?.traceFlags);
    const place = { local, outer, remote: remote?.spanId, live: this.live };
    const span = new RecordedSpan(name, options, place);
    return around(
      () => active.run(span, work, span),
      (failure) => span.end(failure),
    );
  }

  capture(): Moment {
    const live = active.getStore();
    return {
      get traceparent() {
        return live?.traceparent;
      },
      isSampled: live?.local.isSampled,
      run: (work) => active.run(live, work),
    };
  }

  /** Begins a local trace. Without flags, whether it is sampled is decided here. */
  private begin(traceId: string | undefined, traceFlags?: number): LocalTrace {
    const isSampled = traceFlags === undefined ? Math.random() < this.sampleRate : traceFlags === 1;
    return this.sampler.begin(isSampled, traceId);
  }
}
