/** One span that a recorder records. Most are never sent, so what costs time is done when it is asked for. */
import type { EndedSpan } from "../telemetry/ended-span.ts";
import type { LocalTrace } from "../telemetry/local-trace.ts";
import { errorType } from "../telemetry/span-attributes.ts";
import { formatTraceparent } from "../telemetry/traceparent.ts";
import type { Attributes, AttributeValue, Span, SpanOptions } from "../telemetry/tracing.ts";
import { randomHex } from "./random-hex.ts";

/** A span that others may be inside. */
export interface Live {
  readonly id: string;
  readonly local: LocalTrace;
  readonly traceparent: string;
}

export interface Place {
  local: LocalTrace;
  /** The span that it is inside; undefined for the root of a local trace. */
  outer: Live | undefined;
  /** The id of the span elsewhere that a root continues. */
  remote: string | undefined;
  /** Where others find it by its id. */
  live: Map<string, Live>;
}

export class RecordedSpan implements Span, EndedSpan, Live {
  readonly name: string;
  readonly kind: EndedSpan["kind"];
  readonly peer: string | undefined;
  readonly local: LocalTrace;
  attributes: Attributes;
  duration = 0;
  private readonly place: Place;
  private readonly begun = performance.now();
  private ownId: string | undefined;
  private hasEnded = false;
  private hasOwnAttributes = false;

  constructor(name: string, { kind, peer, attributes = NONE }: SpanOptions, place: Place) {
    this.name = name;
    this.kind = kind;
    this.peer = peer;
    this.attributes = attributes;
    this.place = place;
    this.local = place.local;
  }

  get id(): string {
    return (this.ownId ??= randomHex(2));
  }

  get traceId(): string {
    return this.local.traceId;
  }

  get parentId(): string | undefined {
    return this.place.outer?.id ?? this.place.remote;
  }

  /** Milliseconds since 1970, with fractions where the platform has them. */
  get start(): number {
    return performance.timeOrigin + this.begun;
  }

  get isSampled(): boolean {
    return this.local.isSampled;
  }

  /** Anyone who knows it may begin spans inside this one until it ends. */
  get traceparent(): string {
    if (!this.hasEnded) this.place.live.set(this.id, this);
    return traceparentOf(this.id, this.local);
  }

  set(attribute: string, value: AttributeValue): void {
    // The given ones may belong to many spans.
    if (!this.hasOwnAttributes) this.attributes = { ...this.attributes };
    this.hasOwnAttributes = true;
    this.attributes[attribute] = value;
  }

  end(failure: { error: unknown } | undefined): void {
    if (failure) this.set("error.type", errorType(failure.error));
    this.duration = performance.now() - this.begun;
    this.hasEnded = true;
    if (this.ownId !== undefined) this.place.live.delete(this.ownId);
    this.local.end(this, this.place.outer === undefined);
  }
}

const NONE: Attributes = {};

export function traceparentOf(id: string, local: LocalTrace): string {
  return formatTraceparent({ traceId: local.traceId, spanId: id, traceFlags: local.isSampled ? 1 : 0 });
}
