/** Records spans, and knows which one is active. */
import { AsyncLocalStorage } from "node:async_hooks";
import { context, trace } from "@opentelemetry/api";
import { around } from "../telemetry/around.ts";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import type { LocalTrace, TailSampler } from "../telemetry/local-trace.ts";
import { parseTraceparent, spanIdIn } from "../telemetry/traceparent.ts";
import { type Moment, NO_SPAN, type Span, type SpanOptions } from "../telemetry/tracing.ts";
import { type Live, RecordedSpan, traceparentOf } from "./recorded-span.ts";

/** The active span, of any recorder. It follows work through everything that the work waits for. Null: there is none. */
const active = new AsyncLocalStorage<Live | null>();

/** Returns the id of the active trace, of any recorder. */
export function idOfActiveTrace(): string | undefined {
  return active.getStore()?.local.traceId ?? trace.getActiveSpan()?.spanContext().traceId;
}

export class SpanRecorder {
  private readonly sampler: TailSampler;
  private readonly sampleRate: number;
  /** Spans whose id somebody knows, until they end. By id. */
  private readonly live = new Map<string, Live>();
  /** Root spans of a library, which are active in OpenTelemetry's context, until they end. By id. */
  private readonly adopted = new Map<string, Live>();

  constructor(sampler: TailSampler, sampleRate: number) {
    this.sampler = sampler;
    this.sampleRate = sampleRate;
  }

  span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
    const { parent } = options;
    const outer = parent === undefined ? this.active() : this.withId(spanIdIn(parent));
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
    const live = this.active();
    return {
      get traceparent() {
        return live?.traceparent;
      },
      isSampled: live?.local.isSampled,
      run: (work) => active.run(live ?? null, work),
    };
  }

  /** Registers the root span of an invocation, which a library records. Whether it is sampled is decided here. */
  adopt(traceId: string, id: string): void {
    const local = this.begin(traceId);
    this.adopted.set(id, { id, local, traceparent: traceparentOf(id, local) });
  }

  /** Takes an adopted span that has ended. */
  end(span: EndedSpan): void {
    const live = this.adopted.get(span.id);
    this.adopted.delete(span.id);
    live?.local.end(span, true);
  }

  /** Begins a local trace. Without flags, whether it is sampled is decided here. */
  private begin(traceId: string | undefined, traceFlags?: number): LocalTrace {
    const isSampled = traceFlags === undefined ? Math.random() < this.sampleRate : traceFlags === 1;
    return this.sampler.begin(isSampled, traceId);
  }

  private withId(id: string): Live | undefined {
    return this.live.get(id) ?? this.adopted.get(id);
  }

  private active(): Live | undefined {
    const live = active.getStore();
    if (live !== undefined || this.adopted.size === 0) return live ?? undefined;
    const span = trace.getSpan(context.active());
    return span && this.adopted.get(span.spanContext().spanId);
  }
}
