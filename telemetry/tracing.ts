/** Spans, as the relay uses them. `platforms/` chooses how they are recorded. */

export interface Span {
  /** W3C trace context for the next span; undefined if nothing is recorded. */
  readonly traceparent: string | undefined;
  set(attribute: string, value: string | number | boolean): void;
}

export interface SpanOptions {
  /** The traceparent that this span continues. Without one it starts a new trace. */
  parent?: string | undefined;
  attributes?: Record<string, string | number | boolean>;
}

export interface Tracer {
  /** Runs `work` inside a span. If it throws, the error is recorded and thrown again. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
}

/** Records nothing. */
export const noTracer: Tracer = {
  span: (_name, _options, work) => work({ traceparent: undefined, set: () => undefined }),
};
