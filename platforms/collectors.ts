/** The collectors that spans are sent to: Zipkin, and anything that takes OTLP over HTTP. */
import packageJson from "../package.json" with { type: "json" };
import type { Config } from "../relay/config.ts";
import { parseHeaders } from "../relay/header-list.ts";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import { otlpRequest, otlpSpan } from "../telemetry/otlp.ts";
import { SpanSender } from "../telemetry/span-sender.ts";
import { zipkinSpan } from "../telemetry/zipkin.ts";
import { report } from "./report.ts";

const COLLECTOR_MILLISECONDS = 5000;

export interface Collector {
  send(span: EndedSpan): void;
  /** Number of spans that wait. */
  readonly size: number;
  /** Never rejects. */
  flush(): Promise<void>;
}

export interface CollectorOptions {
  service: string;
  url: string;
  /** Sent with each request. They may be secret. */
  headers?: Readonly<Record<string, string>>;
  /** Called with the number of spans that never reach the collector. */
  dropped(spans: number): void;
}

export function zipkinCollector(options: CollectorOptions): Collector {
  const toBody = (spans: string[]) => `[${spans.join()}]`;
  return collector(options, (span) => JSON.stringify(zipkinSpan(span, options.service)), toBody);
}

export function otlpCollector(options: CollectorOptions): Collector {
  const toBody = (spans: string[]) => otlpRequest(spans, options.service, packageJson.version);
  return collector(options, otlpSpan, toBody);
}

function collector(
  { url, headers, dropped }: CollectorOptions,
  toJson: (span: EndedSpan) => string,
  toBody: (spans: string[]) => string,
): Collector {
  const sender = new SpanSender({
    async post(spans) {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: toBody(spans),
        signal: AbortSignal.timeout(COLLECTOR_MILLISECONDS),
      });
      await response.body?.cancel();
      return response.status;
    },
    dropped,
    report,
    now: Date.now,
  });
  return {
    send: (span) => sender.add(toJson(span)),
    get size() {
      return sender.size;
    },
    flush: () => sender.flush(),
  };
}

export type TracingConfig = Pick<
  Config,
  "ZIPKIN_URL" | "OTLP_URL" | "OTLP_HEADERS" | "TRACE_SAMPLE_RATE" | "TRACE_SLOW_MS"
>;

/** Returns how spans are sampled, and where they are sent, by the settings. */
export function configuredSpans(config: TracingConfig, service: string, dropped: (spans: number) => void) {
  const { ZIPKIN_URL, OTLP_URL, OTLP_HEADERS } = config;
  const headers = parseHeaders(OTLP_HEADERS) ?? {};
  return {
    collectors: [
      ...(ZIPKIN_URL === "" ? [] : [zipkinCollector({ service, url: ZIPKIN_URL, dropped })]),
      ...(OTLP_URL === "" ? [] : [otlpCollector({ service, url: OTLP_URL, headers, dropped })]),
    ],
    sampleRate: config.TRACE_SAMPLE_RATE,
    slowMilliseconds: config.TRACE_SLOW_MS,
    dropped,
  };
}
