/** A span that has ended, independent of what recorded it and of where it is sent. */
import type { Attributes, SpanKind } from "./tracing.ts";

export interface EndedSpan {
  name: string;
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  id: string;
  parentId?: string | undefined;
  kind?: SpanKind | undefined;
  /** Milliseconds since 1970. */
  start: number;
  /** Milliseconds. */
  duration: number;
  /** The service on the other side. */
  peer?: string | undefined;
  attributes: Attributes;
}

/** Returns whether a span has failed. */
export function hasFailed({ attributes }: Pick<EndedSpan, "attributes">): boolean {
  return attributes["error.type"] !== undefined;
}
