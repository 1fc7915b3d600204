/**
 * Records spans. Nearly every message of a client makes some, and most are of traces that are never sent. So a span is a small object of
 * its own, and OpenTelemetry only carries it along as the context of asynchronous work.
 */
import { context, createContextKey, trace } from "@opentelemetry/api";
import { around } from "../telemetry/around.ts";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import type { LocalTrace, TailSampler } from "../telemetry/local-trace.ts";
import { errorType } from "../telemetry/span-attributes.ts";
import { formatTraceparent, parseTraceparent, spanIdIn } from "../telemetry/traceparent.ts";
import type { Attributes, AttributeValue, Moment, Span, SpanOptions } from "../telemetry/tracing.ts";

/** A span that has not ended. */
interface Live {
  traceId: string;
  id: string;
  local: LocalTrace;
}

const LIVE = createContextKey("span");

/** Returns the id of the active trace, of any recorder. */
export function idOfActiveTrace(): string | undefined {
  const live = context.active().getValue(LIVE) as Live | undefined;
  return live?.traceId ?? trace.getActiveSpan()?.spanContext().traceId;
}

/** Where a span begins: in a span that is live here, in one that is recorded elsewhere, or nowhere. */
type Origin =
  | { live: Live }
  | { remote: { traceId: string; spanId: string; isSampled: boolean } }
  | undefined;

export class SpanRecorder {
  private readonly sampler: TailSampler;
  private readonly sampleRate: number;
  /** By id. */
  private readonly live = new Map<string, Live>();

  constructor(sampler: TailSampler, sampleRate: number) {
    this.sampler = sampler;
    this.sampleRate = sampleRate;
  }

  span<T>(name: string, options: SpanOptions, work: (span: Span) => T): T {
    const origin = this.originOf(options.parent);
    if (origin === undefined && options.isPart) return work(UNRECORDED);
    const live = this.begin(origin);
    const start = now();
    const span = new LiveSpan(live, { ...options.attributes });
    this.live.set(live.id, live);
    const inside = context.active().setValue(LIVE, live);
    return around(
      () => context.with(inside, () => work(span)),
      (failure) => {
        if (failure) span.set("error.type", errorType(failure.error));
        this.live.delete(live.id);
        const ended: EndedSpan = {
          name,
          traceId: live.traceId,
          id: live.id,
          parentId: parentOf(origin),
          kind: options.kind,
          start,
          duration: now() - start,
          peer: options.peer,
          attributes: span.attributes,
        };
        live.local.end(ended, !(origin && "live" in origin));
      },
    );
  }

  capture(): Moment {
    const at = context.active();
    const live = this.active();
    return { traceparent: live && traceparentOf(live), run: (work) => context.with(at, work) };
  }

  /** Registers the root span of an invocation, which a library records. Whether it is sampled is decided here. */
  adopt(traceId: string, id: string): void {
    this.live.set(id, { traceId, id, local: this.sampler.begin(Math.random() < this.sampleRate) });
  }

  /** Takes an adopted span that has ended. */
  end(span: EndedSpan): void {
    const live = this.live.get(span.id);
    this.live.delete(span.id);
    live?.local.end(span, true);
  }

  private active(): Live | undefined {
    const at = context.active();
    const live = at.getValue(LIVE) as Live | undefined;
    const adopted = live ? undefined : trace.getSpan(at);
    return live ?? (adopted && this.live.get(adopted.spanContext().spanId));
  }

  private originOf(parent: string | undefined): Origin {
    const live = parent === undefined ? this.active() : this.live.get(spanIdIn(parent));
    if (live) return { live };
    const remote = parent === undefined ? undefined : parseTraceparent(parent);
    return remote && { remote: { ...remote, isSampled: remote.traceFlags === 1 } };
  }

  private begin(origin: Origin): Live {
    const id = randomHex(2);
    if (origin && "live" in origin) {
      const { traceId, local } = origin.live;
      return { traceId, id, local };
    }
    const isSampled = origin ? origin.remote.isSampled : Math.random() < this.sampleRate;
    return { traceId: origin?.remote.traceId ?? randomHex(4), id, local: this.sampler.begin(isSampled) };
  }
}

const UNRECORDED: Span = { traceparent: undefined, set: () => undefined };

class LiveSpan implements Span {
  readonly attributes: Attributes;
  private readonly live: Live;

  constructor(live: Live, attributes: Attributes) {
    this.live = live;
    this.attributes = attributes;
  }

  get traceparent(): string {
    return traceparentOf(this.live);
  }

  set(attribute: string, value: AttributeValue): void {
    this.attributes[attribute] = value;
  }
}

function parentOf(origin: Origin): string | undefined {
  if (!origin) return undefined;
  return "live" in origin ? origin.live.id : origin.remote.spanId;
}

function traceparentOf({ traceId, id, local }: Live): string {
  return formatTraceparent({ traceId, spanId: id, traceFlags: local.isSampled ? 1 : 0 });
}

/** Returns random digits, eight for each word. They need not be secret: OpenTelemetry's own are of the same source. */
function randomHex(words: number): string {
  let digits = "";
  for (let n = 0; n < words; n += 1)
    digits += Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return digits;
}

/** Milliseconds since 1970, with fractions where the platform has them. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
