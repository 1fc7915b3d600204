/** What records the spans of a Worker. */
import { type Moment, NO_MOMENT, noTracer, type Tracer } from "../telemetry/tracing.ts";

/** Records the spans of one Worker or object. */
export interface Recorder {
  tracer: Tracer;
  /** Returns the current moment, for work that another call may begin. */
  capture(): Moment;
  /** Records a span for each invocation of these handlers, and calls `flush` after it. */
  instrument<E, Q>(handler: ExportedHandler<E, Q>, flush: () => Promise<void>): ExportedHandler<E, Q>;
  /** Whether no recorded span waits to be sent. */
  readonly isEmpty: boolean;
  /** Sends the recorded spans. Never rejects. */
  flush(): Promise<void>;
}

/**
 * `service` is the Worker's name in traces. `dropped` is called with the number of spans that never reach the
 * collector.
 */
export type CreateRecorder = (service: string, dropped: (spans: number) => void) => Recorder;

export const noRecorder: Recorder = {
  tracer: noTracer,
  capture: () => NO_MOMENT,
  instrument: (handler) => handler,
  isEmpty: true,
  flush: async () => undefined,
};
