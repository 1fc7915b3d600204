/** A real Prometheus reads the relay, with the configuration of docs/metrics.md. `npm run test:prometheus` runs this alone. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { COUNTED, READ } from "../../telemetry/metrics.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { connect, listen, publishAll, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, kill, startRelay, temporaryFolder } from "./programs.ts";

const TOKEN = "a-token-for-prometheus";
const isInstalled = ["prometheus", "promtool"].every((program) =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program))),
);
const needed = isInstalled
  ? ""
  : " (skipped: install prometheus and promtool, with apt-get install prometheus)";
/** Their names were given, and do not follow the rules of Prometheus. */
const GIVEN = ["cleanup_counts", "message_received_counts", "queue_publish_counts", "relay_connect_counts"];

test.skipIf(!isInstalled)(`Prometheus reads what happened, and finds no fault${needed}`, async () => {
  const folder = temporaryFolder();
  const port = await freePort();
  const relay = await startRelay(port, join(folder, "state"), ["--var", `METRICS_TOKEN=${TOKEN}`]);
  const query = await startPrometheus(join(folder, "prometheus"), port);
  const { received } = await listen(await connect(relay.url), { kinds: [1] });
  await publishAll(await connect(relay.url), someEvents(3, "scraped", 1));
  await eventually(
    () => query('events_stored_total{source="websocket",kind="1"}'),
    ([stored]) => stored === 3,
    60_000,
  );
  expect(received).toHaveLength(3);
  expect(await query('message_received_counts{source="websocket"}')).toEqual([4]);
  expect(await query('relay_connect_counts{source="websocket"}')).toEqual([2]);
  expect(await query("connections")).toEqual([2]);
  expect(await query("subscriptions")).toEqual([1]);
  expect(await query('message_seconds_count{verb="EVENT"}')).toEqual([3]);
  expect(await query('message_seconds_bucket{verb="EVENT",le="+Inf"}')).toEqual([3]);
  expect(await query('sum(commit_seconds_count{source="websocket"}) <= 3')).toHaveLength(1);
  const [percentile] = await query(
    'histogram_quantile(0.99, sum by (le) (message_seconds_bucket{verb="EVENT"}))',
  );
  expect(percentile).toBeGreaterThan(0);
  expect(await query("up")).toEqual([1]);

  const response = await fetch(`${relay.http}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const text = await response.text();
  const names = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name);
  // Those of the queues are there after the first minute job, and the test of itself is switched off.
  expect(
    Object.keys({ ...COUNTED, ...READ }).filter(
      (name) => !names.includes(name) && !name.startsWith("queue_") && name !== "probe_seconds",
    ),
  ).toEqual([]);
  const { stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  const complaints = `${stdout}${stderr}`.trim().split("\n");
  expect(complaints).toEqual(GIVEN.map((name) => `${name} counter metrics should have "_total" suffix`));
});

/** Starts Prometheus. Returns a function that returns the values of a query. */
async function startPrometheus(folder: string, relayPort: number) {
  mkdirSync(folder);
  const [port, token] = [await freePort(), join(folder, "token")];
  writeFileSync(token, TOKEN);
  const [, documented = ""] =
    /```yaml\n(scrape_configs:[^]*?)```/.exec(readFileSync(join(ROOT, "docs/metrics.md"), "utf8")) ?? [];
  const scraping = documented
    .replace("scheme: https", "scheme: http")
    .replace("/etc/prometheus/tributary-token", token)
    .replace("tributary.example.workers.dev", `localhost:${relayPort}`);
  writeFileSync(join(folder, "prometheus.yml"), `global:\n  scrape_interval: 1s\n${scraping}`);
  const running = startProgram(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { cwd: folder },
  );
  onTestFinished(() => kill(running));
  const query = async (text: string): Promise<number[]> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`;
    const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
    return data.result.map(({ value: [, value] }) => Number(value));
  };
  await eventually(
    () => query("up").catch(() => []),
    ([up]) => up === 1,
    60_000,
  );
  return query;
}
