/** `npm ci` installs what running needs, and no more. */
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../fixtures/program.ts";

const FOLDERS = [
  "nostr",
  "store",
  "relay",
  "http",
  "telemetry",
  "aggregator",
  "platforms",
  "worker",
  "scripts",
];
const IMPORT = /(?:from|import) "([^".][^"]*)"|import\("([^".][^"]*)"\)/g;
/** Development packages that dependencies need too: types, 6 MB. */
const IN_BOTH = ["@cloudflare/workers-types", "@types/node"];

interface Lock {
  packages: Record<string, { dev?: boolean }>;
}

test("everything that runs is imported from the packages that npm ci installs", () => {
  const { dependencies } = readJson("package.json") as { dependencies: Record<string, string> };
  const needed = FOLDERS.flatMap(sourcesIn).flatMap((file) => packagesIn(file));
  expect(needed).toContain("wrangler");
  expect(needed.filter((name) => !(name in dependencies))).toEqual([]);
});

test("npm ci installs none of the development packages", () => {
  const { devDependencies } = readJson("package.json") as { devDependencies: Record<string, string> };
  const { packages } = readJson("package-lock.json") as Lock;
  const installed = Object.keys(devDependencies).filter((name) => !packages[`node_modules/${name}`]?.dev);
  expect(installed).toEqual(IN_BOTH);
});

function sourcesIn(folder: string): string[] {
  const all = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  // The relay that the benchmark compares with has packages of its own.
  const own = all.filter((file) => !join(folder, file).startsWith(join("scripts", "bench", "peer")));
  const files = own.filter((file) => /(?<!\.test|\.d)\.[jt]s$/.test(file));
  return files.map((file) => join(folder, file));
}

function packagesIn(file: string): string[] {
  const specifiers = [...readFileSync(join(ROOT, file), "utf8").matchAll(IMPORT)].map(
    ([, a, b]) => a ?? b ?? "",
  );
  return specifiers
    .filter((specifier) => !isBuiltin(specifier) && !specifier.startsWith("cloudflare:"))
    .map((specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/"));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, file), "utf8"));
}
