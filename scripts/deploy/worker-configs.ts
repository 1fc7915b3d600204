/** The configurations of both Workers for one deployment: the project's wrangler.toml files with the operator's choices. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRawConfig, type RawConfig } from "../local/unstable.ts";
import { CommandError } from "../shared/usage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The suffix of the aggregator's name. */
const AGGREGATOR = "-aggregator";
/**
 * The most CPU time of one invocation, in milliseconds. Only the Workers Paid plan takes such a limit. The relay's is
 * Cloudflare's default. A pull may parse 500,000 events, which takes 10 to 15 s.
 */
const CPU_MILLISECONDS = { relay: 30_000, aggregator: 60_000 };

export interface Choices {
  /** The relay's name: the database, the queues and the aggregator are named after it. Undefined: as in wrangler.toml. */
  name?: string | undefined;
  /** A custom domain of the relay. Undefined: none is added, and none is removed. */
  domain?: string | undefined;
  isFree: boolean;
  hasAnalytics: boolean;
}

export interface WorkerConfig {
  /** The Worker's name. */
  name: string;
  /** The folder that its paths are relative to. */
  folder: string;
  config: RawConfig;
}

export interface WorkerConfigs {
  relay: WorkerConfig;
  aggregator: WorkerConfig;
  database: string;
  queues: string[];
}

/** `ciName` is the name under which a build on Cloudflare deploys the relay. It takes precedence over wrangler.toml. */
export function workerConfigs(
  choices: Choices,
  ciName = process.env["WRANGLER_CI_OVERRIDE_NAME"],
): WorkerConfigs {
  const relay = relayConfig(readRawConfig(join(ROOT, "wrangler.toml")), choices, ciName);
  const folder = join(ROOT, "aggregator");
  const aggregator = aggregatorConfig(readRawConfig(join(folder, "wrangler.toml")), relay, choices);
  const database = relay.d1_databases?.[0]?.database_name;
  if (database === undefined) throw new CommandError("wrangler.toml names no D1 database");
  return {
    relay: { name: relay.name, folder: ROOT, config: relay },
    aggregator: { name: aggregator.name, folder, config: aggregator },
    database,
    queues: aggregator.queues?.producers.map(({ queue }) => queue) ?? [],
  };
}

function relayConfig(raw: RawConfig, choices: Choices, ciName: string | undefined): RawConfig {
  const name = choices.name ?? ciName ?? raw.name;
  return {
    ...withAnalytics(raw, choices),
    name,
    // A database of another name has another id.
    d1_databases: (raw.d1_databases ?? []).map(({ database_id: id, ...database }) =>
      choices.name === undefined
        ? { ...database, ...(id === undefined ? {} : { database_id: id }) }
        : { ...database, database_name: name },
    ),
    ...(choices.domain === undefined ? {} : { routes: [{ pattern: choices.domain, custom_domain: true }] }),
    ...limits(choices, CPU_MILLISECONDS.relay),
  };
}

/** The database is the relay's, and so are the objects that name the relay's script. */
function aggregatorConfig(raw: RawConfig, relay: RawConfig, choices: Choices): RawConfig {
  const projectName = raw.name.replace(AGGREGATOR, "");
  const renamed = (queue: string) =>
    queue.startsWith(projectName) ? relay.name + queue.slice(projectName.length) : queue;
  const { producers = [], consumers = [] } = raw.queues ?? {};
  return {
    ...withAnalytics(raw, choices),
    name: relay.name + AGGREGATOR,
    durable_objects: {
      bindings: (raw.durable_objects?.bindings ?? []).map((one) =>
        one.script_name === undefined ? one : { ...one, script_name: relay.name },
      ),
    },
    d1_databases: (raw.d1_databases ?? []).map((database, at) => ({
      ...database,
      ...relay.d1_databases?.[at],
      // Relative to the aggregator's folder.
      ...(database.migrations_dir === undefined ? {} : { migrations_dir: database.migrations_dir }),
    })),
    queues: {
      producers: producers.map((one) => ({ ...one, queue: renamed(one.queue) })),
      consumers: consumers.map(({ dead_letter_queue: dead, ...one }) => ({
        ...one,
        queue: renamed(one.queue),
        ...(dead === undefined ? {} : { dead_letter_queue: renamed(dead) }),
      })),
    },
    ...limits(choices, CPU_MILLISECONDS.aggregator),
  };
}

function limits({ isFree }: Choices, milliseconds: number): Partial<RawConfig> {
  return isFree ? {} : { limits: { cpu_ms: milliseconds } };
}

/** Datasets are tables of SQL, whose names have no hyphen. */
function withAnalytics(raw: RawConfig, { hasAnalytics, name }: Choices): RawConfig {
  const { analytics_engine_datasets: datasets = [], ...rest } = raw;
  if (!hasAnalytics) return rest;
  const renamed = name === undefined ? {} : { dataset: name.replaceAll("-", "_") };
  return { ...rest, analytics_engine_datasets: datasets.map((one) => ({ ...one, ...renamed })) };
}
