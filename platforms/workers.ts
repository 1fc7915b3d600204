/** Traces and metrics on Cloudflare Workers. */
import { dataPoints } from "../telemetry/analytics.ts";
import { Counts } from "../telemetry/counts.ts";
import type { Source, Metrics } from "../telemetry/metrics.ts";
import type { Report } from "../telemetry/report.ts";
import type { Moment, Tracer } from "../telemetry/tracing.ts";
import { wait } from "./clock.ts";
import type { CreateRecorder } from "./recorder.ts";
import { report } from "./report.ts";

export interface TelemetryOptions {
  service: string;
  /** The source for the count of dropped spans. */
  source: Source;
  /** From `loadTracing`. */
  createRecorder: CreateRecorder;
  /** Adds counts to the sums. */
  addCounts(report: Report): Promise<void>;
  /** What rises and falls here, which is reported with the counts. Absent: nothing. */
  gauges?: (() => Report["gauges"]) | undefined;
  /** Absent if the account has no Analytics Engine. */
  analytics?: { writeDataPoint(point: ReturnType<typeof dataPoints>[number]): void };
  /** How long a flush waits for more spans before it sends them. 0: it does not wait. */
  spansMilliseconds: number;
  /**
   * How long a flush waits for more counts before it sends them. 0: it does not wait. A function arranges that `sendCounts` is
   * called later.
   */
  counts: number | (() => Promise<void> | undefined);
}

export interface Telemetry {
  tracer: Tracer;
  /** Returns the current moment of the trace, for work that another call may begin. */
  capture(): Moment;
  metrics: Metrics;
  /**
   * Sends gathered counts and spans in the background, or lets another flush send them. The background work never rejects. Most
   * calls have none: a promise for each message would cost much memory and time.
   */
  flush(background: (work: Promise<void>) => void): void;
  /** Sends gathered counts at once. Never rejects. */
  sendCounts(): Promise<void>;
  /** Records a span for each invocation of a Worker's handlers. Other spans continue its trace. */
  instrument<E, Q>(handler: ExportedHandler<E, Q>): ExportedHandler<E, Q>;
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const counts = new Counts(Date.now);
  const recorder = options.createRecorder(options.service, (dropped) =>
    counts.add("spans_dropped_total", { source: options.source }, dropped),
  );
  const send = () => sendCounts(counts, options);
  const sendLater = typeof options.counts === "function" ? options.counts : gathering(send, options.counts);
  const flushSpans = gathering(() => recorder.flush(), options.spansMilliseconds);
  const flush: Telemetry["flush"] = (background) => {
    const sending = [recorder.isEmpty ? undefined : flushSpans(), counts.isEmpty ? undefined : sendLater()];
    for (const work of sending) if (work) background(work.catch(report));
  };
  return {
    tracer: recorder.tracer,
    capture: () => recorder.capture(),
    metrics: counts,
    flush,
    sendCounts: send,
    instrument: (handler) =>
      recorder.instrument(handler, async () => {
        const works: Promise<void>[] = [];
        flush((work) => works.push(work));
        await Promise.all(works);
      }),
  };
}

/** A call waits this much longer than it should for one that may have been cancelled while it gathered. */
const CANCELLED_MILLISECONDS = 5000;

/**
 * The first call gathers and sends. Calls meanwhile leave their counts to it, and return undefined. Calls during the sending
 * begin the next round.
 */
function gathering(send: () => Promise<void>, milliseconds: number): () => Promise<void> | undefined {
  if (milliseconds === 0) return send;
  let since = -Infinity;
  return () => {
    const now = Date.now();
    if (now - since < milliseconds + CANCELLED_MILLISECONDS) return undefined;
    since = now;
    return wait(milliseconds).then(() => {
      since = -Infinity;
      return send();
    });
  };
}

/** Sends counts. If that fails, they stay counted. */
async function sendCounts(counts: Counts, options: TelemetryOptions): Promise<void> {
  if (counts.isEmpty) return;
  counts.add("object_requests_total", { source: options.source });
  const taken = counts.take();
  const gauges = options.gauges?.();
  try {
    await options.addCounts({ version: 3, series: taken, ...(gauges && { gauges }) });
  } catch (error) {
    report(error);
    counts.addAll(taken);
    return;
  }
  for (const point of dataPoints(taken)) options.analytics?.writeDataPoint(point);
}
