/** Spans, as the relay uses them. `platforms/` chooses how they are recorded. */

export interface Span {
  /** W3C trace context for the next span; undefined if nothing is recorded. */
  readonly traceparent: string | undefined;
  /** The attribute `error.type` marks the span as failed. */
  set(attribute: string, value: AttributeValue): void;
}

export type AttributeValue = string | number | boolean;
export type Attributes = Record<string, AttributeValue>;

/** As OpenTelemetry defines them. A span without one is internal. */
export type SpanKind = "server" | "client" | "producer" | "consumer";

export interface SpanOptions {
  /** The traceparent that this span continues. Without one it continues the active span, or starts a new trace. */
  parent?: string | undefined;
  kind?: SpanKind;
  /** The service on the other side. */
  peer?: string;
  attributes?: Attributes;
  /** Whether the span is only recorded as a part of a trace: without a parent and an active span there is none. */
  isPart?: true;
}

export interface Tracer {
  /** Runs `work` inside a span. If it throws or rejects, the error is recorded and passed on. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T;
}

/** A moment of a trace, which other work can continue later. */
export interface Moment {
  /** W3C trace context of the active span. */
  readonly traceparent: string | undefined;
  /** Runs work as if it were started at this moment. */
  run<T>(work: () => T): T;
}

const NO_SPAN: Span = { traceparent: undefined, set: () => undefined };

/** Records nothing. */
export const noTracer: Tracer = { span: (_name, _options, work) => work(NO_SPAN) };

/** A moment without a trace. */
export const NO_MOMENT: Moment = { traceparent: undefined, run: (work) => work() };
