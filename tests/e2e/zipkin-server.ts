/** A real Zipkin: its executable jar, from Maven Central. It keeps spans in memory. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, kill } from "./programs.ts";
import type { RecordedSpan } from "./zipkin-recorder.ts";

const VERSION = "3.5.1";
/** Git ignores it, and `npm ci` empties it. */
const CACHE = join(ROOT, "node_modules/.cache/zipkin");
const JAR = `zipkin-server-${VERSION}-exec.jar`;

/** Why there can be no Zipkin on this machine; undefined if there can. */
export function whyNoZipkin(): string | undefined {
  if (!isThere("java", "-version")) return "there is no java on this machine";
  if (!existsSync(join(CACHE, JAR)) && !isThere("mvn", "--version")) return "there is no mvn on this machine";
  return undefined;
}

function isThere(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** A span as Zipkin tells it. Its own spans have a kind and the other side if ours have. */
export interface ZipkinSpanAnswer extends RecordedSpan {
  kind?: string;
  remoteEndpoint?: { serviceName: string };
}

export interface ZipkinServer {
  /** Where spans are sent. */
  collector: string;
  /** Returns the spans of a trace; none if Zipkin does not know it. */
  trace(id: string): Promise<ZipkinSpanAnswer[]>;
  /** Returns the traces that have a span of this name. */
  tracesWith(service: string, span: string): Promise<ZipkinSpanAnswer[][]>;
  /** Returns each pair of services of which one calls the other, as "caller -> called". */
  dependencies(): Promise<string[]>;
}

/** Starts Zipkin, which ends with the test. */
export async function startZipkin(): Promise<ZipkinServer> {
  const jar = await zipkinJar();
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const java = ["-Xmx300m", "-XX:TieredStopAtLevel=1", "-jar", jar];
  const env = { QUERY_PORT: String(port), STORAGE_TYPE: "mem", SELF_TRACING_ENABLED: "false" };
  const running = startProgram("java", java, { cwd: ROOT, env });
  onTestFinished(() => kill(running));
  await eventually(
    () =>
      fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    (isUp) => isUp,
    60_000,
  );
  const ask = async <T>(path: string): Promise<T | undefined> => {
    const response = await fetch(`${url}/api/v2/${path}`);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`Zipkin answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const lookback = 3_600_000;
  return {
    collector: `${url}/api/v2/spans`,
    trace: async (id) => (await ask<ZipkinSpanAnswer[]>(`trace/${id}`)) ?? [],
    tracesWith: async (service, span) =>
      (await ask<ZipkinSpanAnswer[][]>(
        `traces?serviceName=${service}&spanName=${encodeURIComponent(span)}&limit=100&lookback=${lookback}`,
      )) ?? [],
    async dependencies() {
      const query = `dependencies?endTs=${Date.now()}&lookback=${lookback}`;
      const links = (await ask<{ parent: string; child: string }[]>(query)) ?? [];
      return links.map(({ parent, child }) => `${parent} -> ${child}`).toSorted();
    },
  };
}

/** Returns the jar. Maven downloads its 131 MB once. */
async function zipkinJar(): Promise<string> {
  const file = join(CACHE, JAR);
  if (existsSync(file)) return file;
  const folder = join(CACHE, `loading-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const artifact = `-Dartifact=io.zipkin:zipkin-server:${VERSION}:jar:exec`;
  await promisify(execFile)("mvn", ["-q", "dependency:copy", artifact, `-DoutputDirectory=${folder}`]);
  renameSync(join(folder, JAR), file);
  return file;
}
