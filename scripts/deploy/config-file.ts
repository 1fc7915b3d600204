/** A configuration of a Worker as a file, for as long as wrangler needs it. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WorkerConfig } from "./worker-configs.ts";

let written = 0;

/** Paths in a configuration are relative to its file. So the file is beside the Worker's wrangler.toml. */
export async function withConfigFile<T>(
  { folder, config }: WorkerConfig,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(folder, `wrangler.deploy-${process.pid}-${(written += 1)}.json`);
  writeFileSync(path, JSON.stringify(config, undefined, 2));
  try {
    return await use(path);
  } finally {
    rmSync(path, { force: true });
  }
}
