/** What operators see: traces over everything that runs, and metrics. */
import { join } from "node:path";
import parsePrometheus from "parse-prometheus-text-format";
import { expect, test } from "vitest";
import { METRICS } from "../../telemetry/metrics.ts";
import { connect, listen, publishAll, someEvents } from "./client.ts";
import { eventually, freePort, startRelay, startUpstream, temporaryFolder } from "./programs.ts";
import { type RecordedSpan, recordSpans } from "./zipkin-recorder.ts";

test("one trace leads from the pull over queue and commit to the subscribers, and every step is counted", async () => {
  const folder = temporaryFolder();
  const [port, upstreamPort] = [await freePort(), await freePort()];
  const upstreamUrl = `ws://localhost:${upstreamPort}`;
  await startUpstream(upstreamPort, join(folder, "upstream.db"));
  const recorder = await recordSpans();
  const relay = await startRelay(port, join(folder, "state"), [
    "--upstream",
    upstreamUrl,
    "--var",
    `ZIPKIN_URL=${recorder.url}`,
  ]);
  const { received } = await listen(await connect(relay.url), { kinds: [1] });
  // The pull that the start fired has found nothing: the next Cron brings these.
  await publishAll(await connect(upstreamUrl), someEvents(3, "traced", 1));

  const isWhole = (trace: RecordedSpan[]) => trace.some(({ name }) => name === "fan_out");
  const [trace] = await eventually(
    async () => [...Map.groupBy(recorder.spans, ({ traceId }) => traceId).values()].filter(isWhole),
    (traces) => traces.length > 0,
  );
  expect(received).toHaveLength(3);
  const steps = (trace ?? []).map(({ name, localEndpoint }) => `${localEndpoint.serviceName} ${name}`);
  expect(steps).toEqual(
    expect.arrayContaining([
      "aggregator pull",
      "aggregator connect",
      "aggregator handle_message",
      "aggregator cleanup",
      "aggregator consume",
      "aggregator commit",
      "relay fan_out",
    ]),
  );
  const ids = new Set(trace?.map(({ id }) => id));
  const orphans = trace?.filter(({ parentId }) => parentId !== undefined && !ids.has(parentId));
  expect(orphans).toEqual([]);
  for (const { timestamp, duration } of trace ?? []) {
    expect(Math.abs(timestamp / 1000 - Date.now())).toBeLessThan(300_000);
    expect(duration).toBeGreaterThanOrEqual(1);
  }

  const metrics = await eventually(
    () => readMetrics(relay.http),
    (counts) => counts["events_delivered_counts websocket"] === 3,
  );
  expect(metrics).toMatchObject({
    "relay_connect_counts websocket": 1,
    "message_received_counts websocket": 1,
    "events_stored_counts queue": 3,
    "events_refused_counts queue": 0,
  });
  expect(metrics["relay_connect_counts upstream"]).toBeGreaterThanOrEqual(2);
  expect(metrics["queue_publish_counts upstream"]).toBeGreaterThanOrEqual(2);
});

/** By "name door"; what Prometheus would not take, or what is missing, fails. */
async function readMetrics(http: string): Promise<Record<string, number>> {
  const response = await fetch(`${http}/metrics`);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const families = parsePrometheus(await response.text());
  expect(families.map(({ name, type }) => [name, type])).toEqual(
    Object.keys(METRICS).map((name) => [name, "COUNTER"]),
  );
  const samples = families.flatMap(({ name, metrics }) =>
    metrics.map(({ labels, value }) => [`${name} ${labels?.["door"]}`, Number(value)] as const),
  );
  return Object.fromEntries(samples);
}
