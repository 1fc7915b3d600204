/** Spans, as the relay needs them. Who records them is decided at the rim (`platforms/`). */

export interface Span {
  /** W3C trace context to hand on, undefined when nothing is recorded. */
  readonly traceparent: string | undefined;
  set(attribute: string, value: string | number | boolean): void;
}

export interface SpanOptions {
  /** The traceparent that this span continues; without one it starts a trace of its own. */
  parent?: string | undefined;
  attributes?: Record<string, string | number | boolean>;
}

export interface Tracer {
  /** Runs `work` inside a span that ends when it does; what it throws is recorded and thrown on. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
}

/** Records nothing. */
export const noTracer: Tracer = {
  span: (_name, _options, work) => work({ traceparent: undefined, set: () => undefined }),
};
