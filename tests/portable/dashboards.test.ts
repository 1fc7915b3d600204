/** The files in observability/: they parse, and name metrics that exist. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { PANELS } from "../../scripts/analytics/panels.ts";
import { COUNTED, READ } from "../../telemetry/metrics.ts";

const FOLDER = new URL("../../observability/", import.meta.url);
const DASHBOARDS = "grafana/dashboards/";

interface Dashboard {
  title: string;
  panels: {
    id: number;
    title: string;
    datasource: { uid: string };
    targets: { expr?: string; query?: string }[];
  }[];
}

const read = (path: string) => readFileSync(new URL(path, FOLDER), "utf8");
const dashboard = (name: string) => JSON.parse(read(`${DASHBOARDS}${name}`)) as Dashboard;
const datasources = parse(read("grafana/provisioning/datasources/datasources.yaml")) as {
  datasources: { uid: string; url: string }[];
};

it("the dashboard for Prometheus names metrics that exist, and each of the four that were given", () => {
  const known = Object.entries(COUNTED).flatMap(([name, { type }]) =>
    type === "counter" ? [name] : [`${name}_bucket`, `${name}_sum`, `${name}_count`],
  );
  const all = [...known, ...Object.keys(READ)];
  const targets = dashboard("prometheus.json").panels.flatMap((panel) => panel.targets);
  const words = new Set(["sum", "by", "rate", "histogram_quantile", "le", "__rate_interval"]);
  const labels = new Set([
    ...Object.values(COUNTED).flatMap((metric) => Object.keys(metric.labels)),
    "upstream",
  ]);
  const named = targets.flatMap(({ expr = "" }) => expr.match(/[A-Za-z_]\w*/g) ?? []);
  const metrics = new Set(named.filter((word) => !words.has(word) && !labels.has(word)));
  expect([...metrics].filter((name) => !all.includes(name))).toEqual([]);
  expect(metrics.size).toBeGreaterThan(20);
  expect(targets.every(({ expr }) => expr)).toBe(true);
});

it("the dashboard for Analytics Engine and docs/analytics.md have the SQL of npm run analytics", () => {
  const panels = dashboard("analytics-engine.json").panels.map(({ title, targets }) => [
    title,
    targets[0]?.query,
  ]);
  expect(panels).toEqual(PANELS.map(({ title, sql }) => [title, sql]));
  const guide = readFileSync(new URL("../docs/analytics.md", FOLDER), "utf8");
  for (const { title, sql } of PANELS) expect(guide).toContain(`### ${title}\n\n\`\`\`sql\n${sql}\n\`\`\`\n`);
  expect(PANELS.filter(({ sql }) => /double0\b|double-|double2[1-9]/.test(sql))).toEqual([]);
});

it("every panel has a data source that is provisioned, and an id of its own", () => {
  const uids = datasources.datasources.map(({ uid }) => uid);
  const files = readdirSync(new URL(DASHBOARDS, FOLDER));
  expect(files.toSorted()).toEqual(["analytics-engine.json", "prometheus.json"]);
  for (const { panels } of files.map(dashboard)) {
    expect(panels.filter(({ datasource }) => !uids.includes(datasource.uid))).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  }
});

interface Service {
  image?: string;
  build?: string;
  volumes?: string[];
  ports?: string[];
}

it("compose.yaml names exact versions, files that exist, and opens no port to others", () => {
  const compose = parse(read("compose.yaml")) as { services: Record<string, Service>; volumes: object };
  const { relay, ...others } = compose.services;
  expect(relay).toMatchObject({ profiles: ["relay"], network_mode: "host" });
  expect(existsSync(new URL(`${relay?.build}/Dockerfile`, FOLDER))).toBe(true);
  expect(Object.keys(others)).toEqual(["zipkin", "prometheus", "grafana"]);
  for (const { image } of Object.values(others)) expect(image).toMatch(/^[\w/-]+:v?\d+\.\d+\.\d+$/);
  for (const { volumes = [], ports = [] } of Object.values(compose.services)) {
    expect(ports.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
    const sources = volumes.map((volume) => volume.split(":")[0] ?? "");
    const isThere = (source: string) =>
      source.startsWith("./") ? existsSync(new URL(source, FOLDER)) : source in compose.volumes;
    expect(sources.filter((source) => !isThere(source))).toEqual([]);
  }
  expect(parse(read("prometheus.yml"))).toMatchObject({ scrape_configs: [{ job_name: "tributary" }] });
  expect(parse(read("grafana/provisioning/dashboards/dashboards.yaml"))).toMatchObject({ apiVersion: 1 });
});
