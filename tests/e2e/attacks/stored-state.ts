/** Makes the state folder that every attacked relay starts from, once for all test files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { AttackedRelay } from "./attacked-relay.ts";
import { fillDatabase } from "./database.ts";

declare module "vitest" {
  export interface ProvidedContext {
    storedState: string;
  }
}

/** Vitest calls it before the first test file. Returns what to do after the last. */
export async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-attacks-"));
  const state = join(folder, "state");
  await (await AttackedRelay.start(state)).stop();
  await fillDatabase(state);
  project.provide("storedState", state);
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}
