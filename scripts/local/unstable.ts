/**
 * All unstable exports of wrangler and Miniflare that `npm start` and `npm run deploy` need. After an update of either,
 * tests/scripts/unstable.test.ts names missing ones, and only this file has to change.
 */
import { devNull } from "node:os";
import { convertV4MiniflareOptions, type MiniflareOptions } from "miniflare";
import {
  experimental_readRawConfig,
  unstable_getMiniflareWorkerOptions,
  unstable_readConfig,
} from "wrangler";

/** The fields of a wrangler.toml that are used. wrangler's own type needs packages that it does not install. */
export interface RawConfig {
  name: string;
  routes?: { pattern: string; custom_domain: true }[];
  limits?: { cpu_ms: number };
  durable_objects?: { bindings: { name: string; class_name: string; script_name?: string }[] };
  d1_databases?: { database_name?: string; database_id?: string; migrations_dir?: string }[];
  analytics_engine_datasets?: { binding: string; dataset?: string }[];
  queues?: {
    producers: { binding: string; queue: string }[];
    consumers: { queue: string; dead_letter_queue?: string }[];
  };
}

/** Reads a wrangler.toml as it is, without defaults. */
export function readRawConfig(file: string): RawConfig {
  const { rawConfig } = experimental_readRawConfig({ config: file });
  return rawConfig as RawConfig;
}

/**
 * Returns the options of a Worker for Miniflare 4: its wrangler.toml with these settings. This stops wrangler from adding
 * .env and .dev.vars, which may contain the client's secret key and unchecked settings.
 */
export function workerOptionsOf(file: string, settings: Record<string, string>) {
  process.env["CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV"] = "false";
  const config = unstable_readConfig({ config: file });
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config, undefined, {
    envFiles: [devNull],
  } as object);
  const { name, vars } = config;
  return { ...workerOptions, name, bindings: { ...vars, ...settings } };
}

/**
 * Converts options of Miniflare 4 to Miniflare 5. wrangler and Miniflare's documentation still use the names of
 * version 4.
 */
export function miniflareOptionsOf(options: Record<string, unknown>): MiniflareOptions {
  return convertV4MiniflareOptions(options as never);
}
