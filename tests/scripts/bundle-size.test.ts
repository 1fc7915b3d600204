/** The size of the bundles. Every isolate, also that of each hub, parses and runs its Worker's whole bundle first. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { bundle } from "../../scripts/shared/bundle.ts";
import { ROOT } from "../fixtures/program.ts";

/** Bytes, as last measured. If a change makes a bundle a tenth larger, look again, and then write the new number here. */
const MEASURED: [config: string, bytes: number][] = [
  ["wrangler.toml", 718_000],
  ["aggregator/wrangler.toml", 516_000],
];

test.each(MEASURED)("the bundle of %s is no tenth larger than %i bytes", async (config, bytes) => {
  const modules = await bundle(config);
  const size = modules.reduce((sum, { contents }) => sum + Buffer.byteLength(contents), 0);
  expect(size).toBeLessThan(1.1 * bytes);
});

test.each(["worker/main.ts", "aggregator/main.ts"])("%s starts without OpenTelemetry", (main) => {
  const imported = importedBy(join(ROOT, main));
  expect(imported).toContain("@noble/curves/secp256k1.js");
  expect(imported.filter((name) => /opentelemetry|otel/.test(name))).toEqual([]);
});

test("worker/main.ts starts without drizzle", () => {
  expect(importedBy(join(ROOT, "worker/main.ts")).filter((name) => name.startsWith("drizzle"))).toEqual([]);
});

/** Returns the packages that a file loads at its start. */
function importedBy(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const statements = readFileSync(file, "utf8").matchAll(
    /^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gm,
  );
  return [...statements].flatMap(([, name = ""]) => {
    if (!name.startsWith(".")) return [name];
    return name.endsWith(".ts") ? importedBy(join(dirname(file), name), seen) : [];
  });
}
