import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dataPoints } from "../telemetry/analytics.ts";
import type { Report } from "../telemetry/report.ts";
import type { Series } from "../telemetry/series.ts";
import { NO_MOMENT, noTracer } from "../telemetry/tracing.ts";
import { createTelemetry, type TelemetryOptions } from "./workers.ts";

const SLOW = { name: "slow_clients_total", labels: { source: "websocket" } } as const;
const REQUEST = {
  name: "object_requests_total",
  labels: { source: "websocket" },
  amounts: [1],
} satisfies Series;
const GAUGES = { of: "hub-0", values: { connections: 3, subscriptions: 5 } };

/** Returns telemetry whose counts arrive when the test says so. `spans` is how many wait to be sent. */
function telemetry(counts: TelemetryOptions["counts"], { hasAnalytics = true, spans = 0 } = {}) {
  let flushedSpans = 0;
  const brought: { report: Report; arrive(): void; fail(): void }[] = [];
  const points: unknown[] = [];
  const all = createTelemetry({
    service: "relay",
    source: "websocket",
    createRecorder: () => ({
      tracer: noTracer,
      capture: () => NO_MOMENT,
      instrument: (handler) => handler,
      isEmpty: spans === 0,
      flush: async () => void (flushedSpans += 1),
    }),
    addCounts: (report) =>
      new Promise((resolve, reject) => {
        brought.push({ report, arrive: resolve, fail: () => reject(new Error("the counters are away")) });
      }),
    ...(hasAnalytics ? { analytics: { writeDataPoint: (point) => void points.push(point) } } : {}),
    counts,
    gauges: () => GAUGES,
    spansMilliseconds: 1,
  });
  const count = () => all.metrics.add(SLOW.name, SLOW.labels);
  const flush = async () => {
    const works: Promise<void>[] = [];
    all.flush((work) => works.push(work));
    await Promise.all(works);
  };
  return { ...all, count, flush, brought, points, flushedSpans: () => flushedSpans };
}

const errors = vi.spyOn(console, "error");
beforeEach(() => void errors.mockReset().mockReturnValue());
afterEach(() => void errors.mockReset());

describe("counts", () => {
  it("are brought where they are summed up, and then to Analytics Engine", async () => {
    const { count, flush, brought, points } = telemetry(0);
    count();
    count();
    const flushed = flush();
    expect(brought.map(({ report }) => report)).toEqual([
      { version: 3, series: [{ ...SLOW, amounts: [2] }, REQUEST], gauges: GAUGES },
    ]);
    expect(points).toEqual([]);
    brought[0]!.arrive();
    await flushed;
    expect(points).toEqual(dataPoints([{ ...SLOW, amounts: [2] }, REQUEST]));
  });

  it("that could not be brought stay counted, and the operator is told", async () => {
    const { count, flush, brought, points } = telemetry(0);
    count();
    const flushed = flush();
    count();
    brought[0]!.fail();
    await flushed;
    expect(errors).toHaveBeenCalledOnce();
    expect(points).toEqual([]);
    void flush();
    expect(brought[1]!.report.series).toEqual([
      { ...SLOW, amounts: [2] },
      { ...REQUEST, amounts: [2] },
    ]);
  });

  it("are not brought when there are none", async () => {
    const { flush, brought } = telemetry(0);
    await flush();
    expect(brought).toEqual([]);
  });
});

describe("gathering", () => {
  it("takes the counts of all who flush meanwhile, and they do not wait", async () => {
    const { count, flush, brought } = telemetry(1);
    count();
    const first = flush();
    count();
    await flush();
    await vi.waitFor(() => expect(brought).toHaveLength(1));
    expect(brought[0]!.report.series).toEqual([{ ...SLOW, amounts: [2] }, REQUEST]);
    brought[0]!.arrive();
    await first;
    expect(brought).toHaveLength(1);
  });

  it("begins again for those who come while what has gathered is sent", async () => {
    const { count, flush, brought } = telemetry(1);
    count();
    const first = flush();
    await vi.waitFor(() => expect(brought).toHaveLength(1));
    count();
    const second = flush();
    await vi.waitFor(() => expect(brought).toHaveLength(2));
    for (const { arrive } of brought) arrive();
    await Promise.all([first, second]);
    expect(brought.map(({ report }) => report.series[0]?.amounts[0])).toEqual([1, 1]);
  });

  it("is taken over by another if the invocation that waits is cancelled", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const { count, flush, brought } = telemetry(60_000);
      count();
      // Nothing but the clock goes on, as if it were cancelled.
      void flush();
      vi.advanceTimersByTime(60_000);
      expect(await isDone(flush())).toBe(true);
      vi.advanceTimersByTime(5000);
      expect(await isDone(flush())).toBe(false);
      expect(brought).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("does not begin without counts or spans", async () => {
    const { flush, flushedSpans } = telemetry(3_600_000);
    await flush();
    expect(flushedSpans()).toBe(0);
    const other = telemetry(3_600_000, { spans: 1 });
    await other.flush();
    expect(other.flushedSpans()).toBe(1);
  });

  it("of an object is arranged by its alarm", async () => {
    const arranged = vi.fn<() => Promise<void>>().mockResolvedValue();
    const { count, flush, sendCounts, brought } = telemetry(arranged);
    await flush();
    expect(arranged).not.toHaveBeenCalled();
    count();
    await flush();
    expect(arranged).toHaveBeenCalledOnce();
    expect(brought).toEqual([]);
    void sendCounts();
    expect(brought[0]!.report.series).toEqual([{ ...SLOW, amounts: [1] }, REQUEST]);
  });
});

/** Returns whether it is done without waiting. */
function isDone(work: Promise<void>): Promise<boolean> {
  return Promise.race([work.then(() => true), scheduler.wait(1).then(() => false)]);
}

it("an account without Analytics Engine counts all the same", async () => {
  const { count, flush, brought, points } = telemetry(0, { hasAnalytics: false });
  count();
  const flushed = flush();
  brought[0]!.arrive();
  await flushed;
  expect({ points, errors: errors.mock.calls }).toEqual({ points: [], errors: [] });
});
