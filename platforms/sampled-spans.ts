/** Records spans, samples their traces, and sends them to collectors. It needs nothing of Workers. */
import { setActiveTrace } from "../telemetry/active-trace.ts";
import { TailSampler } from "../telemetry/local-trace.ts";
import { slowSpans } from "../telemetry/slow-spans.ts";
import type { Moment } from "../telemetry/tracing.ts";
import type { Collector } from "./collectors.ts";
import { randomHex } from "./random-hex.ts";
import { idOfActiveTrace, SpanRecorder } from "./span-recorder.ts";

export interface SampledSpansOptions {
  collectors: readonly Collector[];
  /** From 0 to 1. The choice is made at the start of a trace and holds for all of its spans. */
  sampleRate: number;
  /** A trace that takes so long is sent although it was not sampled (`slowSpans`). */
  slowMilliseconds: number;
  dropped(spans: number): void;
}

interface SampledSpans {
  recorder: SpanRecorder;
  tracer: SpanRecorder;
  capture(): Moment;
  /** Whether no recorded span waits to be sent. */
  isEmpty(): boolean;
  /** Never rejects. */
  flush(): Promise<void>;
}

setActiveTrace(idOfActiveTrace);

export function sampledSpans(options: SampledSpansOptions): SampledSpans {
  const { collectors, sampleRate, slowMilliseconds, dropped } = options;
  const sampler = new TailSampler({
    send: (span) => {
      for (const collector of collectors) collector.send(span);
    },
    dropped,
    isSlow: slowSpans(slowMilliseconds),
    newTraceId: () => randomHex(4),
  });
  const recorder = new SpanRecorder(sampler, sampleRate);
  return {
    recorder,
    tracer: recorder,
    capture: () => recorder.capture(),
    isEmpty: () => collectors.every(({ size }) => size === 0),
    async flush() {
      await Promise.all(collectors.map((collector) => collector.flush()));
    },
  };
}
