/** Spans, as the relay uses them. `platforms/` chooses how they are recorded. */

/** A place in a trace, which other work can continue. */
export interface TracePlace {
  /** W3C trace context; undefined if nothing is recorded. Ask for it only to hand it on: its ids are made then. */
  readonly traceparent: string | undefined;
  /** Whether the trace is sampled; undefined if nothing is recorded. */
  readonly isSampled: boolean | undefined;
}

export interface Span extends TracePlace {
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
  /** Whether the parent is what a client says. Then whether the trace is sampled is decided here: a client cannot order it. */
  isOfClient?: true;
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
export interface Moment extends TracePlace {
  /** Runs work as if it were started at this moment. */
  run<T>(work: () => T): T;
}

const NO_PLACE: TracePlace = { traceparent: undefined, isSampled: undefined };

/** A span that is not recorded. */
export const NO_SPAN: Span = { ...NO_PLACE, set: () => undefined };

/** Records nothing. */
export const noTracer: Tracer = { span: (_name, _options, work) => work(NO_SPAN) };

/** A moment without a trace. */
export const NO_MOMENT: Moment = { ...NO_PLACE, run: (work) => work() };
