/** What operators see: traces across both Workers, and metrics. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import parsePrometheus from "parse-prometheus-text-format";
import { expect, test } from "vitest";
import { COUNTED, READ } from "../../telemetry/metrics.ts";
import { SERVED_BY } from "../fixtures/relay-program.ts";
import { connect, listen, publishAll, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, startUpstream, temporaryFolder } from "./programs.ts";
import { MANAGED, pullNow } from "./upstreams.ts";
import { type RecordedSpan, recordSpans } from "./zipkin-recorder.ts";

/** The server without Workers is one service. */
const AGGREGATOR = SERVED_BY === undefined ? "aggregator" : "relay";
/** D1 tells how many rows it has read. SQLite does not. */
const TELLS_ROWS_READ = SERVED_BY === undefined;
const STEPS = [
  ...["pull", "connect", "handle_message", "cleanup", "consume", "commit"].map(
    (step) => `${AGGREGATOR} ${step}`,
  ),
  "relay fan_out",
];

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
    "--var",
    "TRACE_SAMPLE_RATE=1",
    ...MANAGED,
  ]);
  const client = await connect(relay.url);
  const { received } = await listen(client, { kinds: [1] });
  // Until the hub has declared its interest, which is half a second after EOSE or with the first event, the log brings events.
  await publishAll(client, someEvents(1, "first"));
  await eventually(
    async () => received.length,
    (count) => count === 1,
  );
  await fetch(`${relay.http}/api/v1/events?search=secretword`);
  await fetch(`${relay.http}/api/v1/events/${"ab".repeat(32)}`, { headers: { "user-agent": "secretword" } });
  // The pull at the start finds nothing. The next one brings these.
  await eventually(
    () => readMetrics(relay.http),
    (counts) => (counts["cleanup_counts upstream"] ?? 0) >= 1,
  );
  await publishAll(await connect(upstreamUrl), someEvents(3, "traced", 1));
  await pullNow(relay, upstreamUrl);

  const stepsOf = (spans: RecordedSpan[]) =>
    spans.map(({ name, localEndpoint }) => `${localEndpoint.serviceName} ${name}`);
  const orphansIn = (spans: RecordedSpan[]) => {
    const ids = new Set(spans.map(({ id }) => id));
    return spans.filter(({ parentId }) => parentId !== undefined && !ids.has(parentId));
  };
  // Each process sends its spans by itself, so a span may come before its parent.
  const isWhole = (spans: RecordedSpan[]) =>
    STEPS.every((step) => stepsOf(spans).includes(step)) && orphansIn(spans).length === 0;
  const traces = () => [...Map.groupBy(recorder.spans, ({ traceId }) => traceId).values()];
  const [trace] = await eventually(
    async () => traces().filter(isWhole),
    (whole) => whole.length > 0,
  );
  expect(received).toHaveLength(4);
  for (const { timestamp, duration } of trace ?? []) {
    expect(Math.abs(timestamp / 1000 - Date.now())).toBeLessThan(300_000);
    expect(duration).toBeGreaterThanOrEqual(1);
  }

  const requests = await eventually(
    async () => recorder.spans.filter(({ tags }) => tags["faas.trigger"] === "http"),
    (spans) => spans.length >= 2,
  );
  expect(requests.map(({ tags }) => tags["http.route"])).toEqual(
    expect.arrayContaining(["/api/v1/events", "/api/v1/events/{id}"]),
  );
  expect(JSON.stringify(recorder.spans)).not.toMatch(/secretword|abababab|localhost:\d+\/api/);
  expect(readableByOthers(join(folder, "state"))).toEqual([]);

  const metrics = await eventually(
    () => readMetrics(relay.http),
    (counts) => counts["events_delivered_total websocket"] === 4,
  );
  expect(metrics).toMatchObject({
    "relay_connect_counts websocket": 1,
    "message_received_counts websocket": 2,
    "events_stored_total queue": 3,
    "events_refused_total queue": 0,
    "connections undefined": 1,
    "subscriptions undefined": 1,
  });
  for (const source of COUNTED.d1_rows_read_total.labels.source)
    expect([source, metrics[`d1_rows_read_total ${source}`]]).toEqual([
      source,
      expect.toSatisfy((rows) => rows > 0 === TELLS_ROWS_READ),
    ]);
  expect(metrics["relay_connect_counts upstream"]).toBeGreaterThanOrEqual(2);
  expect(metrics["queue_publish_counts upstream"]).toBeGreaterThanOrEqual(2);
  expect(metrics["queue_messages undefined"]).toBeGreaterThanOrEqual(0);
  expect(metrics["dead_letters undefined"]).toBe(0);
});

/** Returns the files and folders at a path that anyone but their owner may access. */
function readableByOthers(path: string): string[] {
  const inside = readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name));
  return [path, ...inside].filter((file) => (statSync(file).mode & 0o077) !== 0);
}

/** Returns the metrics by "name source". Throws if Prometheus could not parse them, or if one is missing. */
async function readMetrics(http: string): Promise<Record<string, number>> {
  const response = await fetch(`${http}/metrics`);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const families = parsePrometheus(await response.text());
  // Those of the queues are there after the first minute job, and the relay does not test itself here.
  const later = ["queue_messages", "queue_oldest_seconds", "probe_seconds"];
  const types = families.map(({ name, type }) => [name, type]).filter(([name = ""]) => !later.includes(name));
  expect(types).toEqual(
    Object.entries({ ...COUNTED, ...READ })
      .filter(([name]) => !later.includes(name))
      .map(([name, { type }]) => [name, type.toUpperCase()]),
  );
  const sums: Record<string, number> = {};
  for (const { name, metrics } of families)
    for (const { labels, value } of metrics) {
      const key = `${name} ${labels?.["source"]}`;
      sums[key] = (sums[key] ?? 0) + Number(value ?? 0);
    }
  return sums;
}
